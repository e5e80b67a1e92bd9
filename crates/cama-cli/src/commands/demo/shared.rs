//! What all steps of the demonstration share.

use std::time::Instant;

use cama::data::Images;

use super::plan::Plan;
use crate::session::Session;

/// What all steps of the demonstration share.
pub struct Demo<'a> {
    pub plan: Plan,
    pub session: &'a Session,
    pub test: Images,
    pub began: Instant,
}
