//! Configuration of the line: how much may wait, how long what has ended is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use ytempire_core::Stage;

use crate::times;

/// The most videos that may wait, where nobody says otherwise.
const WAITING_MAX: u32 = 100;

/// `[queue]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Queue {
    /// The most videos that may wait; 0: any number. Since 0.2. Default: 100. Too few: bursts are
    /// refused. Too many: videos wait for days before somebody notices.
    pub(crate) waiting_max: Option<u32>,
}

impl Queue {
    pub(crate) fn waiting_max(&self) -> Option<u32> {
        some(self.waiting_max.unwrap_or(WAITING_MAX))
    }
}

/// 0 is no limit.
pub(crate) fn some(max: u32) -> Option<u32> {
    (max > 0).then_some(max)
}

/// `[limits]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Jobs of one account at once, on all nodes together. Since 0.2. Default: any number. Too few:
    /// an account that is alone leaves nodes idle.
    pub(crate) account: Option<u32>,
    /// Jobs of one channel at once, on all nodes together. Since 0.3. Default: any number. Too few:
    /// a channel that is alone leaves nodes idle.
    pub(crate) channel: Option<u32>,
    /// Jobs of a stage at once, on all nodes together. Since 0.2. Default: any number. For what all
    /// nodes share: a model server, a disk.
    #[serde(default)]
    pub(crate) stage: BTreeMap<Stage, u32>,
}

impl Limits {
    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.account == Some(0) {
            return Err("limits.account: must be 1 or more, or nothing would run".to_owned());
        }
        if self.channel == Some(0) {
            return Err("limits.channel: must be 1 or more, or nothing would run".to_owned());
        }
        match self.stage.iter().find(|(_, most)| **most == 0) {
            Some((stage, _)) => Err(format!(
                "limits.stage.{stage}: must be 1 or more, or no video would be finished"
            )),
            None => Ok(()),
        }
    }
}

impl From<Limits> for store::Limits {
    fn from(limits: Limits) -> Self {
        Self {
            account: limits.account,
            channel: limits.channel,
            stages: limits.stage,
        }
    }
}

/// `[money]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Money {
    /// How long it is waited for a bill where nobody knows whether a call was billed, such as `72h`;
    /// then it is booked at its worst case. Since 0.3. Default: three days. Too short: a bill that comes
    /// later is an adjustment. Too long: reservations stay open.
    #[serde(default, deserialize_with = "span")]
    pub(crate) unknown_max: Option<Duration>,
}

impl Money {
    pub(crate) fn unknown_max(&self) -> worker::UnknownMax {
        self.unknown_max
            .map_or_else(worker::UnknownMax::default, worker::UnknownMax::of)
    }
}

/// `[retention]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    /// How long an ended video is kept, such as `90d`. Since 0.2. Default: for ever.
    #[serde(default, deserialize_with = "span")]
    pub(crate) videos: Option<Duration>,
    /// How long the events of an ended video are kept. Since 0.2. Default: as long as the video.
    #[serde(default, deserialize_with = "span")]
    pub(crate) events: Option<Duration>,
}

fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    let span = times::span(&text).map_err(serde::de::Error::custom)?;
    Ok(Some(span))
}
