"""Pages for colleagues: what a run, a task or a campaign found, in words, tables and pictures.

Each becomes a `harness.render.documents.Document`, which `render` writes as HTML or Markdown.

- `drawn_trials` what of a stored run's trials is drawn
- `of_run`     the page of a run, or of the runs of a task
- `run_parts`  its tables and pictures
- `scaling`    how time grows with a parameter, where a run has several values of it
- `of_campaign` the page of a campaign
- `of_history` the page of many runs over time
- `stored_sweep` what a sweep keeps beside its run
- `unproved`   what a run does not prove, read from the run itself
- `choosing`   which run is meant
- `made_pages` a document as a file, or a folder of pictures
"""
