//! Arguments of `ytempire budget`.

use clap::{Args, Subcommand};

use super::line::Json;

/// `ytempire budget`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Budget {
    /// Show budgets, and what today costs
    List(Json),
    /// Set what may be paid to others on a day, or which spending of a video is announced
    #[command(subcommand)]
    Set(Set),
    /// Remove a budget: any amount may be spent on a day, or a video announces the usual amounts
    #[command(subcommand)]
    Remove(Remove),
}

/// `ytempire budget set`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Set {
    /// Of all accounts, by days in UTC
    Global(Amount),
    /// Of your account, by days in its time zone
    Account(Amount),
    /// Of a channel, by days in its time zone
    Channel {
        /// Its name
        name: String,
        #[command(flatten)]
        amount: Amount,
    },
    /// Of a provider, by days in its time zone: `day_zone` in its configuration
    Provider {
        /// The backend's name
        name: String,
        #[command(flatten)]
        amount: Amount,
    },
    /// Which spending of each video is announced; videos that are accepted from now on
    Video {
        /// Dollars, as in 2.00,2.50,2.80; at most 3.00
        #[arg(long, value_name = "USD", value_delimiter = ',', required = true)]
        thresholds: Vec<String>,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Amount {
    /// Dollars a day
    #[arg(value_name = "USD")]
    pub(crate) dollars: String,
    /// At which parts of it spending is announced, in percent
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', default_values_t = ledger::DAY_PERCENTS, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) thresholds: Vec<u32>,
}

/// `ytempire budget remove`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Remove {
    /// That of all accounts
    Global,
    /// That of your account
    Account,
    /// That of a channel
    Channel {
        /// Its name
        name: String,
    },
    /// That of a provider
    Provider {
        /// The backend's name
        name: String,
    },
    /// What is announced of each video
    Video,
}
