"""Access rules as data that agencies own: attributes, expressions, rules, and what is made of one tree (D9).

    expression    what a rule says, read from JSON
    compiling     the tree as a Python function of three answers: yes, no, not known
    rule          a condition and a demand, with reason, remedy and examples
    documents     rules read from JSON, and written
    rules         the rules of one agency; a decision with every rule that failed
    lattice       every case there is over the attributes that rules speak of; the smallest that two versions differ in
    cedar         the same rules as Cedar policies, for others to read and for our tests to ask

What is not known counts as the worst case: a condition that cannot be answered applies, a demand that cannot be
answered fails.
"""
