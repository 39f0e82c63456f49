//! The policies that are compared.

use crate::resource::WHOLE;
use crate::{claim, planner};

/// By what videos are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// First come, first served.
    Fifo,
    /// Express before standard before bulk.
    Priority,
    /// Earliest deadline first.
    Deadline,
    /// As the planner says.
    Planned,
}

/// A way to schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What people call it.
    pub name: String,
    /// By what videos are ordered.
    pub order: Order,
    /// Whether stages are cut into chunks.
    pub chunked: bool,
    /// How jobs are claimed.
    pub claim: claim::Options,
    /// How it plans; without effect unless the order is [`Order::Planned`].
    pub planner: planner::Options,
}

impl Policy {
    /// Ours.
    pub fn ours() -> Self {
        Self {
            name: "ours".to_owned(),
            order: Order::Planned,
            chunked: true,
            claim: claim::Options::default(),
            planner: planner::Options::default(),
        }
    }

    /// Ours, but nothing is bought that the workload doesn't prescribe.
    pub fn ours_local() -> Self {
        let mut policy = Self::ours();
        "ours, nothing bought".clone_into(&mut policy.name);
        policy.planner.buy = false;
        policy
    }

    /// A queue with one lock for each GPU: stages whole, models kept until another needs the room,
    /// nothing bought, nothing foreseen.
    pub fn queue(order: Order) -> Self {
        let name = match order {
            Order::Fifo => "FIFO",
            Order::Priority => "priority",
            Order::Deadline => "EDF",
            Order::Planned => "planned",
        };
        Self {
            name: name.to_owned(),
            order,
            chunked: false,
            claim: claim::Options {
                pack: false,
                beside: WHOLE,
                foresee: false,
            },
            planner: planner::Options {
                buy: false,
                ..planner::Options::default()
            },
        }
    }

    /// Every one that is compared.
    pub fn all() -> Vec<Self> {
        let queues = [Order::Fifo, Order::Priority, Order::Deadline].map(Self::queue);
        let ours = [Self::ours_local(), Self::ours()];
        queues.into_iter().chain(ours).collect()
    }
}
