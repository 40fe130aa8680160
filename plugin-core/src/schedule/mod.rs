//! Jobs that run when their time has come.

pub mod run;
