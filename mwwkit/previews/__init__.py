"""What the notebooks show: pictures, players and tables. Stages need none of it.

    listen      01's clips, and the table of what 04 mined, with players
    scenes      a training scene of 02: heard, seen, labelled, and what was done to it
    curves      a training as it goes
    operating   the thresholds 05 chose among, and the score track of a word
    audition    your own voice before the shipped model: recorded, or a file

Every panel shows a static picture and player first, so that it is whole in a notebook that
papermill ran; sliders, where a notebook is live, draw the same picture again. All of it comes from
the files of the run; audio is made again from the records of scenes.
"""
