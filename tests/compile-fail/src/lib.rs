//! Mistakes that do not compile, one a file in `cases`, each beside what its author is told.
