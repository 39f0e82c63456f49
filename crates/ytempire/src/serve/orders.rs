//! What the API asks of the line, asked of the worker.

use std::collections::BTreeMap;
use std::path::PathBuf;

use api::{Ordered, Orders, Refused, Retry, Wish};
use async_trait::async_trait;
use store::{ArtifactRow, Promise, Submitted, VideoRow};
use worker::{Order, Parts, Prepared, RefusedOrder, Take, Terms, prepare, prepare_take};
use ytempire_core::{AccountId, ArtifactId, ChannelId, Code, VideoId};

use crate::capacity;
use crate::fail::Failure;

/// The line of this process.
pub(super) struct Line(pub(super) Parts);

#[async_trait]
impl Orders for Line {
    async fn submit(&self, account: AccountId, wish: Wish) -> Result<Ordered, Refused> {
        let channel = match &wish.settings.channel {
            Some(name) => Some(self.channel(account, name).await?),
            None => None,
        };
        let order = Order {
            settings: wish.settings,
            // The API lets in no order that names a file.
            folder: PathBuf::from("/nonexistent"),
            channel,
        };
        let own = self.0.clone();
        let prepared = aside(move || prepare(&own, &order)).await?;
        let terms = Terms {
            account,
            priority: wish.priority,
            waiting_max: self.0.waiting_max,
            due_at: wish.due_at,
            start_at: wish.start_at,
        };
        self.accept(prepared, terms).await
    }

    async fn retry(&self, video: &VideoRow, retry: Retry) -> Result<Ordered, Refused> {
        let take = retry.from.map(|from| Take {
            from,
            mark: retry.token.to_string(),
        });
        let (own, request) = (self.0.clone(), video.request.clone());
        let prepared = aside(move || prepare_take(&own, &request, take)).await?;
        worker::bring_own_files(&self.0, &prepared)
            .await
            .map_err(refused)?;
        let terms = Terms {
            account: video.account,
            priority: retry.priority.unwrap_or(video.priority),
            waiting_max: self.0.waiting_max,
            ..Terms::default()
        };
        self.accept(prepared, terms).await
    }

    async fn foresee(&self, video: VideoId) -> store::Result<Option<Promise>> {
        worker::foresee(&self.0, video).await
    }

    async fn files(&self, video: VideoId) -> store::Result<BTreeMap<String, ArtifactRow>> {
        worker::files(&self.0, video).await
    }

    async fn path(&self, file: &ArtifactId) -> Option<PathBuf> {
        worker::path_of(&self.0, file).await
    }
}

impl Line {
    async fn channel(&self, account: AccountId, name: &str) -> Result<ChannelId, Refused> {
        let all = self.0.store.channel_list().await.map_err(failed)?;
        let mut ours = all.into_iter().filter(|row| row.account == account);
        let found = ours.find(|row| row.name == name);
        found.map(|row| row.id).ok_or_else(|| Refused {
            code: Code::ChannelUnknown,
            text: format!("there is no channel {name:?}"),
            retry_after: None,
        })
    }

    async fn accept(&self, prepared: Prepared, terms: Terms) -> Result<Ordered, Refused> {
        let Submitted { video, fresh } = match worker::submit(&self.0, &prepared, terms).await {
            Ok(submitted) => submitted,
            Err(e @ store::Error::LineFull { waiting, max }) => {
                let after = capacity::retry_after(&self.0, waiting, max).await;
                return Err(Refused {
                    retry_after: after.ok(),
                    ..failed(e)
                });
            }
            Err(e) => return Err(failed(e)),
        };
        let promise = if fresh {
            // It is accepted, whether or not anybody can say when it will be done.
            worker::promise(&self.0, video.id).await.ok().flatten()
        } else {
            None
        };
        Ok(Ordered {
            video,
            fresh,
            worst_case: prepared.plan.total,
            promise,
            notices: prepared.notices,
        })
    }
}

/// Preparing computes and reads: not on a thread that serves.
async fn aside(
    prepare: impl FnOnce() -> Result<Prepared, RefusedOrder> + Send + 'static,
) -> Result<Prepared, Refused> {
    match tokio::task::spawn_blocking(prepare).await {
        Ok(prepared) => prepared.map_err(refused),
        Err(_) => Err(Refused {
            code: Code::Bug,
            text: "preparing the order panicked; please report it".to_owned(),
            retry_after: None,
        }),
    }
}

fn refused(e: RefusedOrder) -> Refused {
    let RefusedOrder {
        code,
        text,
        script_line,
    } = e;
    let line = script_line.map(|line| format!("script line {line}: "));
    Refused {
        code,
        text: line.unwrap_or_default() + &text,
        retry_after: None,
    }
}

fn failed(e: store::Error) -> Refused {
    let failure = Failure::from(e);
    Refused {
        code: failure.code(),
        text: failure.text().to_owned(),
        retry_after: None,
    }
}
