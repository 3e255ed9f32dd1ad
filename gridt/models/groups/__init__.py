"""Groups: organisations, and the teams and squads in them.

The lower modules are tables and questions that `User` needs; they import no entity. The others
build on `User`.
"""
