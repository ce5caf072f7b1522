"""The report of a finished run: one page that needs nothing else, and the same as data.

    facts, verdict           all figures of the report, as JSON has them (`report.schema.json`)
    origins, licences        data, settings, versions; may it be shipped commercially
    cutoff_choices           strict, balanced and lenient cutoffs, and what each did
    moments                  the worst misses and false accepts, with their sound
    axes, plot, charts       facts to SVG
    markup, components, wording   HTML from Python; its repeating pieces; figures for people
    page_header, results_sections, parity_section, technical_sections, page   the page, top to end
    card                     facts to Markdown
    writing                  writes all files; what 05 and the command line call

Everything is drawn from the run alone, without a clock or a place, so the same run is the same
bytes.
"""
