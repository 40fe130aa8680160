//! The small languages that attributes and settings share: text in, a checked value or an error with a sentence out.
//!
//! Attributes call these parsers while the compiler expands them, the host calls the same ones at run time, so what compiles
//! also runs. Knows nothing of plugins beyond how they spell things.

mod case;
mod cron_field;
mod duration;
mod icon;
mod method;
mod name;
mod nearest;
mod rate;
mod rename;
mod requirement;
mod route;
mod schedule;
mod size;
mod zone;

pub use self::{
    case::{camel, kebab, pascal},
    cron_field::FieldError,
    duration::{DurationError, STOPPING, duration, stopping},
    icon::{IconError, icon, icons},
    method::{Method, MethodError},
    name::{NameError, NameKind, collection, component, item_name, plugin_id, point_name, scope, webhook_event},
    nearest::nearest,
    rate::{Rate, RateError},
    rename::Rename,
    requirement::{Requirement, RequirementError, VersionError, version},
    route::{Route, RouteError},
    schedule::{Schedule, ScheduleError, Unsatisfiable},
    size::{SizeError, size},
    zone::{Zone, ZoneError},
};
