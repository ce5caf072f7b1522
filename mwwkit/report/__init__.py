"""The report of a finished run: one page that needs nothing else, and the same as data.

    facts, verdict      all figures of the report, as JSON has them (`report.schema.json`)
    origins             data and licences, settings, versions, files
    licences, advice    may it be shipped commercially; strict, balanced and lenient cutoffs
    worst               the worst misses and false accepts, with their sound
    scales, plot, figures                            facts to SVG
    markup, pieces, top, sections, behind, page      facts, figures and sounds to HTML
    card                facts to Markdown
    making              writes all files; what 05 and the command line call

Everything is drawn from the run alone, without a clock or a place, so the same run is the same
bytes.
"""
