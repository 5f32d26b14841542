"""How much each role may grant alone: limits with two clocks, and whether a term lies within them.

Three measures, each compared with the limit of who asks (`core.term_effects` says how they are found): the greatest total
discount ÷ list price, the least margin rate = (net price − unit cost) ÷ net price, and the discount money of a year. What
is not known is not within any limit. Without a recorded limit who holds `term:approve` decides alone, and nobody else does.
"""
