//! Metrics, traces, logs and alerts.

pub mod alerts;
pub mod logs;
pub mod metrics;
pub mod traces;
