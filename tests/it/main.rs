//! The integration tests: the real binary against real private servers. One binary; a module a subject; `support` has the
//! builder. The server comes from `scripts/postgres` (or `ETL_TEST_PG`), and every test has databases of its own in it.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod adopt;
mod bad_input;
mod basics;
mod diagnostics;
mod edges;
mod expectations;
mod faults;
mod flagship;
mod keep;
mod mended;
mod report;
mod resume;
mod retry;
mod rollback;
mod shared_table;
mod support;
mod types;
mod unit_tests;
mod validator;
mod without_key;
