//! Small charts, drawn as SVG, each with its figures as a table for whoever reads rather than looks.

use crate::store::Activity;
use maud::{Markup, html};

const WIDTH: i64 = 600;
const HEIGHT: i64 = 140;
/// Room below the bars for the days.
const FOOT: i64 = 18;

/// Attempts by day, those that were answered in front.
pub(super) fn render_days(activity: &Activity) -> Markup {
    let days = &activity.days;
    let most = days.iter().map(|day| day.attempts).max().unwrap_or(0);
    if most == 0 {
        return html! { p .quiet { "There was none." } };
    }
    let count = i64::try_from(days.len()).unwrap_or(1).max(1);
    let step = WIDTH / count;
    let height = |value: i64| value * (HEIGHT - FOOT) / most;
    let total: i64 = days.iter().map(|day| day.attempts).sum();
    let answered: i64 = days.iter().map(|day| day.answered).sum();
    let (first, last) = (days.first().map_or("", |day| &day.day), days.last().map_or("", |day| &day.day));
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby="days-title" {
            title #days-title { (total) " call attempts from " (first) " to " (last) ", " (answered) " answered" }
            @for (day, at) in days.iter().zip(0..) {
                rect .bar x=(at * step + 1) width=(step - 2) y=(HEIGHT - FOOT - height(day.attempts)) height=(height(day.attempts)) {}
                rect .top x=(at * step + 1) width=(step - 2) y=(HEIGHT - FOOT - height(day.answered)) height=(height(day.answered)) {}
            }
            text x="1" y=(HEIGHT - 4) { (first) }
            text x=(count * step - 1) y=(HEIGHT - 4) text-anchor="end" { (last) }
        }
        p .quiet.small { (total) " attempts, " (answered) " of them answered (the darker part); at most " (most) " in a day (UTC)." }
        details {
            summary { "As a table" }
            div .scroll role="region" aria-label="Calls by day" tabindex="0" {
                table {
                    caption .hidden { "Call attempts by day" }
                    thead { tr { th scope="col" { "Day" } th scope="col" .number { "Attempts" } th scope="col" .number { "Answered" } } }
                    tbody {
                        @for day in days.iter().rev() {
                            tr { th scope="row" { (day.day) } td .number { (day.attempts) } td .number { (day.answered) } }
                        }
                    }
                }
            }
        }
    }
}

/// Results of these attempts: bars in a table.
pub(super) fn render_results(activity: &Activity) -> Markup {
    let total: i64 = activity.results.iter().map(|result| result.attempts).sum();
    if total == 0 {
        return html! { p .quiet { "There was none." } };
    }
    let most = activity.results.first().map_or(1, |result| result.attempts.max(1));
    html! {
        table {
            caption .hidden { "Results of the call attempts of the last 30 days" }
            thead {
                tr {
                    th scope="col" { "Result" }
                    th scope="col" .number { "Attempts" }
                    th scope="col" { span .hidden { "Share of the most frequent" } }
                }
            }
            tbody {
                @for result in &activity.results {
                    tr {
                        th scope="row" { (result.result) }
                        td .number { (result.attempts) }
                        td { svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                            rect .top x="0" y="1" height="8" width=(result.attempts * 100 / most) {}
                        } }
                    }
                }
            }
        }
    }
}
