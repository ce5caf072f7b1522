"""What the notebooks show: pictures, players and tables. Stages need none of it.

    clip_player      01's clips, with players
    scene_player     a training scene of 02: heard, seen, labelled, and what was done to it
    triple_player    a triple of the data engine: before, as the model hears it, as it shall sound
    training_curves  a training as it goes
    lr_sweep         the sweep of learning rates
    good_enough      whether what a notebook made is enough, in three sentences
    threshold_explorer  every cutoff and window, and the one that 05 shall ship; its picture is in
                     threshold_picture, where it was clicked in page_clicks
    cutoff_table     strict, balanced and lenient, and what each hears and costs
    held_out_word    the score track of a word that the model was not trained on
    mistakes_panel   mistakes one by one, to keep, drop or call mislabelled; cases are the mistakes
    export_panel     what 05 wrote: the verdict, the files, the checks, the YAML to copy
    training_panel   a training to be watched, stopped between units and gone on with
    audition         your own voice before the shipped model: recorded, or a file
    recorder         a button that records in the browser
    guided_recorder  twenty recordings of your own: what to say, and whether it was good
    clip_browser     what a data set is like; its clips and what was set aside: filtered, played,
                     left out or called otherwise
    augmentation_ab  a word before and after what 02 does to it, with a slider for each effect
    drawing          the pieces of every picture
    panel            controls over pictures
    html_tables      plain tables, with a twin for terminals

Every panel shows a static picture and player first, so that it is whole in a notebook that
papermill ran; controls, where a notebook is live, draw the same picture again. Pictures are PNG,
sounds hold themselves, tables are plain: viewers that sanitise a page leave them as they are. All
of it comes from the files of the run; audio is made again from the records of scenes.
"""
