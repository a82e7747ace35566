"""Access rules as data that agencies own: attributes, expressions, rules, and what is made of one tree (D9).

    expression    what a rule says, read from JSON
    compiling     the tree as a Python function of three answers: yes, no, not known
    rules         rules with reason, remedy and examples; a decision with every rule that failed
    examples      a rule's own examples, run before it is signed
    lattice       every case there is over the attributes that rules speak of; the smallest that two versions differ in
    cedar         the same rules as Cedar policies, for others to read and for our tests to ask

What is not known counts as the worst case: a condition that cannot be answered applies, a demand that cannot be
answered fails.
"""
