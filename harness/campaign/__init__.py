"""The optimisation campaign as values: events, state, gates, logs; pure.

- `values`, `iteration`, `events`: what is stored of a campaign
- `state`: the fold over its events
- `moves`: what can be done when
- `gates`: what a thought, a plan and a note have to say
- `advice`, `standing`, `failing`, `templates`: what `harness next` says, and the forms in it
- `stopping`, `spending`, `scoring`: when to stop, how sure each look is, how good predictions were
- `logs`, `status`, `takeover`, `surprises`: a campaign for its readers
- `bottlenecks`, `patterns`: what a profile shows, and what fits it
- `scope`: which files are the campaign's own
- `port`: the port through which it measures
"""
