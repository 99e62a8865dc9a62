//! The SQLite file itself. Boundary: creating, checking and connecting.
