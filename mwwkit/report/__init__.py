"""The report of a finished run: one page that needs nothing else, and the same as data.

    facts               all figures of the report, as types and as JSON (`report.schema.json`)
    verdict             does it hear, does it stay quiet, how much is known: in plain sentences
    voices              the test words of people and of machines, never in one rate
    key_facts           what most people ask of a run, for notebook and terminal
    origins             data and licences, settings, versions, files
    licences            may the model be shipped commercially
    cutoff_choices      strict, balanced and lenient cutoffs, and what each did
    mistake_sounds      the worst misses and false accepts, with their sound
    axes                from values to 0..1, with ticks
    plot                one small chart as SVG
    charts              facts to the charts of the page
    markup              HTML from Python
    components          the repeating pieces of the page
    formatting          figures as people read them
    page_header         the top of the page
    results_sections    what the model does
    parity_section      from the float net to the device
    in_short            what 05 plans, made and checked, as a notebook shows it
    technical_sections  training, int8, device, data, settings
    page                the page, top to end
    card                the model card, as Markdown
    writing             writes all files; what 05 and the command line call

Everything is drawn from the run alone, without a clock or a place, so the same run is the same
bytes.
"""
