"""A score that means the same for everybody: distances seen against a fixed set of other people.

Two people of one group lie nearer to each other than two people at random, so one threshold on
the distance is strict with some and lax with others. Normalising measures how near each of the
two faces lies to its most similar others, the *cohort*, and judges the distance by that. The
cohort is chosen, balanced, versioned and signed by an authority; it is never whatever a kiosk
happens to hold, which an attacker could thin out.

Reading order: `statistics` (the score), `content` (what a cohort is made of), `cohort` (scoring
against one), `files` (its signed file), `fictitious` (the one that ships, for demonstrations).
"""
