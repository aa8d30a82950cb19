//! Figures as the database writes them, and lines in the order in which the questions ask for them.

use crate::support::shown::{Campaign, Time};
use std::collections::BTreeMap;

/// The lines of an answer.
pub(crate) type Lines = Vec<Vec<Option<String>>>;

/// What stands in a cell of an answer.
pub(crate) trait Cell {
    fn cell(&self) -> Option<String>;
}

impl Cell for i64 {
    fn cell(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Cell for str {
    fn cell(&self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl Cell for String {
    fn cell(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Cell for Time {
    fn cell(&self) -> Option<String> {
        Some(self.format("%Y-%m-%d %H:%M:%S+00").to_string())
    }
}

impl<T: Cell + ?Sized> Cell for &T {
    fn cell(&self) -> Option<String> {
        (*self).cell()
    }
}

impl<T: Cell> Cell for Option<T> {
    fn cell(&self) -> Option<String> {
        self.as_ref().and_then(Cell::cell)
    }
}

/// A line of an answer.
macro_rules! line {
    ($($value:expr),+ $(,)?) => {
        vec![$($crate::questions::figures::Cell::cell(&$value)),+]
    };
}
pub(crate) use line;

pub(crate) fn count<T>(items: impl IntoIterator<Item = T>) -> i64 {
    i64::try_from(items.into_iter().count()).unwrap()
}

/// `part / whole` with so many decimal places, halves rounded up; none when there is nothing to divide by.
pub(crate) fn ratio(part: i64, whole: i64, places: u32) -> Option<String> {
    (whole > 0).then(|| {
        let scale = 10_i64.pow(places);
        let scaled = (2 * part * scale + whole) / (2 * whole);
        if places == 0 {
            return scaled.to_string();
        }
        format!("{}.{:0width$}", scaled / scale, scaled % scale, width = places as usize)
    })
}

/// `part` in percent of `whole`, with one decimal place.
pub(crate) fn percent(part: i64, whole: i64) -> Option<String> {
    ratio(100 * part, whole, 1)
}

/// A middle that may lie between two whole numbers, as the database writes it; none of nothing.
pub(crate) fn median(mut values: Vec<i64>) -> Option<String> {
    values.sort_unstable();
    let twice = values.get(values.len().checked_sub(1)? / 2)? + values[values.len() / 2];
    Some(if twice % 2 == 0 { (twice / 2).to_string() } else { format!("{}.5", twice / 2) })
}

/// The items by a key.
pub(crate) fn grouped<K: Ord, T>(items: impl IntoIterator<Item = (K, T)>) -> BTreeMap<K, Vec<T>> {
    let mut groups: BTreeMap<K, Vec<T>> = BTreeMap::new();
    for (key, item) in items {
        groups.entry(key).or_default().push(item);
    }
    groups
}

/// The campaigns by their names.
pub(crate) fn by_name(account: &[Campaign]) -> Vec<&Campaign> {
    let mut campaigns: Vec<&Campaign> = account.iter().collect();
    campaigns.sort_by_key(|campaign| &campaign.name);
    campaigns
}

/// The groups with a number each, the largest first and those alike by their keys.
pub(crate) fn largest_first<K: Ord + Clone, T>(
    groups: BTreeMap<K, T>,
    number: impl Fn(&T) -> i64,
) -> Vec<(K, T)> {
    let mut groups: Vec<(K, T)> = groups.into_iter().collect();
    groups.sort_by_key(|(key, group)| (std::cmp::Reverse(number(group)), key.clone()));
    groups
}
