//! The outside contract, line by line, against the real server.

mod admin_pages;
mod callers;
mod cli;
mod containment;
mod conversations;
mod cron;
mod errors;
mod events;
mod examples;
mod full_disk;
mod lifecycle;
mod malformed;
mod observability;
mod points;
mod stalling;
mod tokens;
mod tools;
mod webhooks;
