"""Sound and spectrograms; nothing here knows TensorFlow.

reading     files in any format to 16 kHz mono; the WAV files that mwwkit keeps
clips       the catalogue: one record a clip, what is fit to use and what is not
splits      train, validation, test by speaker and content; the audit that proves it
speech      words spoken by machines (espeak-ng, Piper)
confusables what sounds almost like the wake word, and what is simply other speech
synthetic   rooms and noise for those who have none
frontend    the device's spectrogram
store       spectrograms on disk
"""
