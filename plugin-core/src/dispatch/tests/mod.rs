//! What dispatch promises, on a host made by hand of handlers as their attributes would leave them.

mod bed;
mod filters;
mod hooks;
mod watched;
