/* The rules of ESPHome's micro_wake_word component, told in C for comparison with mwwkit's.
 *
 * Written from this description (facts read in the sources that the Python package esphome 2026.6.5
 * carries, components/micro_wake_word/; nothing is copied):
 *
 *  - a slice is one front-end frame, 10 ms. In each slice every wake word model takes the frame,
 *    then the VAD model does, then the VAD is judged, then each wake word;
 *  - a model runs when it has `stride` new frames; its score, 0 to 255, replaces the oldest of the
 *    last `window` scores. All of them are 0 at start;
 *  - a counter starts at -100 and goes up by one, to at most 0, in each slice whose newest score
 *    (of the wake word itself, the one just made included) is less than the cutoff;
 *  - a wake word is judged in a slice only if it has a score that was not judged before. While its
 *    counter is under 0 it is not: the score goes on waiting. Otherwise it would fire if the sum of
 *    its scores is more than cutoff * window, and the score counts as judged either way;
 *  - it fires if the VAD says voice: the sum of its scores is more than its cutoff * window, with no
 *    counter. Then the scores go to 0 and the counter to -100. If the VAD does not, a message says
 *    so, and nothing is set back;
 *  - cutoffs are the manifest's times 255, without the fraction;
 *  - a front-end value v is the model's input (v * 256 + 333) / 666 - 128, held to int8.
 *
 * Types are the device's where they could matter: 8-bit scores and cutoffs, a 16-bit counter.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PAUSE = 100 };

typedef struct {
    const uint8_t *track; /* its scores over the whole stream */
    int stride, window;
    uint8_t cutoff;
    uint8_t *last; /* a circle of the newest scores */
    int newest, frames, made;
    int16_t counter;
    int waiting;
} listener;

typedef struct {
    int32_t slice;
    uint8_t mean, peak, blocked;
} report;

static void begin(listener *l, const uint8_t *track, int stride, uint8_t cutoff, int window)
{
    memset(l, 0, sizeof *l);
    l->track = track;
    l->stride = stride;
    l->cutoff = cutoff;
    l->window = window;
    l->last = calloc((size_t)window, 1);
    l->counter = -PAUSE;
}

static void take_frame(listener *l)
{
    if (++l->frames == l->stride) {
        l->frames = 0;
        l->newest = (l->newest + 1) % l->window;
        l->last[l->newest] = l->track[l->made++];
        l->waiting = 1;
    }
    if (l->last[l->newest] < l->cutoff && l->counter < 0)
        l->counter++;
}

static int is_over(const listener *l, uint32_t *sum, uint8_t *peak)
{
    *sum = 0;
    *peak = 0;
    for (int i = 0; i < l->window; i++) {
        *sum += l->last[i];
        if (l->last[i] > *peak)
            *peak = l->last[i];
    }
    return *sum > (uint32_t)l->cutoff * (uint32_t)l->window;
}

uint8_t device_cutoff(double probability)
{
    return (uint8_t)(int)(probability * 255);
}

void device_features(const uint16_t *values, int32_t n, int8_t *features)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t grid = ((int32_t)values[i] * 256 + 333) / 666 - 128;
        features[i] = (int8_t)(grid > 127 ? 127 : grid < -128 ? -128 : grid);
    }
}

/* Runs `slices` slices; `vad` is NULL where there is no such model. At most `room` reports are
 * written; how many there were is returned. */
int32_t device_detect(int32_t slices, const uint8_t *word, int32_t stride, uint8_t cutoff,
                      int32_t window, const uint8_t *vad, int32_t vad_stride, uint8_t vad_cutoff,
                      int32_t vad_window, report *reports, int32_t room)
{
    listener wake, voice;
    int32_t n = 0;
    begin(&wake, word, stride, cutoff, window);
    begin(&voice, vad, vad_stride, vad_cutoff, vad_window);
    for (int32_t slice = 0; slice < slices; slice++) {
        uint32_t sum;
        uint8_t peak;
        int is_voice = 1;
        take_frame(&wake);
        if (vad) {
            take_frame(&voice);
            is_voice = is_over(&voice, &sum, &peak);
        }
        if (!wake.waiting || wake.counter < 0)
            continue;
        wake.waiting = 0;
        if (!is_over(&wake, &sum, &peak))
            continue;
        if (n < room) {
            report found = {slice, (uint8_t)(sum / (uint32_t)window), peak, !is_voice};
            reports[n] = found;
        }
        n++;
        if (is_voice) {
            memset(wake.last, 0, (size_t)window);
            wake.counter = -PAUSE;
        }
    }
    free(wake.last);
    free(voice.last);
    return n;
}
