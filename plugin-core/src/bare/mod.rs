//! All `unsafe` of this crate: a lifetime-free borrow behind a reference that has one, a zero-sized function item made
//! again from its type, a future in a room that it never leaves and one that borrows what stands beside it, a value asked for by its type,
//! and the processor's cycle counter. Generic, and ignorant of what the crate does with them.
#![allow(unsafe_code)]

pub mod cycles;
pub mod frame;
pub(crate) mod item;
pub mod lending;
pub mod slot;
pub mod typed;
