"""One live face against all members (1:N, open set): who might this be, if anybody?

Vocabulary of ISO/IEC 2382-37 and ISO/IEC 19795-1. Reading order: `answers` (what can come
out), `thresholds` (why the limit depends on how many are searched), `nearest` (exact nearest
neighbours at the speed of 8 bit codes), `members` (the gallery), `bench`.
"""
