"""What all pages share: safe HTML, headers, who is signed in, event streams, static files.

Plain HTML, one style sheet for each page and small ES modules; no framework, nothing from
elsewhere, no inline script or style. The pages themselves are `traveler` and `review`.
"""
