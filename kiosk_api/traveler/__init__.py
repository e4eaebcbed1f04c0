"""The traveler's screen of a lane: what to do now, in three languages, and nothing about them."""
