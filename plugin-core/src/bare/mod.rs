//! All `unsafe` of this crate: a lifetime-free borrow behind a reference that has one, a zero-sized function item made
//! again from its type, and a future that runs where it was made. Generic, and ignorant of what the crate does with them.
#![allow(unsafe_code)]

pub mod frame;
pub mod item;
