//! Lists of objects: an item that cannot be read becomes a reject, and then the list is no evidence of removal.

use super::super::notes::Path;
use super::super::values::IdFault;
use super::Fields;
use crate::records::Listed;
use crate::wire::Kind;

impl Fields<'_, '_> {
    /// A list of objects that have ids. One that has none becomes a reject.
    pub(in crate::normalize) fn items<R>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Fields<'_, '_>, Position) -> Result<R, IdFault>,
    ) -> Listed<R> {
        self.list(key, |fields, position| read(fields, position).map(Some), || None)
    }

    /// A list of objects that are told apart by their place. The place of one that becomes a reject stays empty.
    pub(in crate::normalize) fn places<R: Default>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Fields<'_, '_>) -> R,
    ) -> Listed<R> {
        self.list(key, |fields, _| Ok(Some(read(fields))), || Some(R::default()))
    }

    fn list<R>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Fields<'_, '_>, Position) -> Result<Option<R>, IdFault>,
        substitute: impl Fn() -> Option<R>,
    ) -> Listed<R> {
        let json = match self.object.take(key) {
            None | Some("null") => return Listed::Unread,
            Some(json) => json,
        };
        let Some(texts) = self.object.list_part(json) else {
            let reason = format!("it is {}, not a list", Kind::of(json).with_article());
            self.notes.reject(&Path::Field(&self.path, key), reason, json);
            return Listed::Unread;
        };

        let count = texts.len();
        let mut items = Vec::with_capacity(count);
        let mut faults = Vec::new();
        for (index, json) in texts.into_iter().enumerate() {
            let path = Path::Item(&self.path, key, index);
            let item = match self.object.read_part(json) {
                Some(object) => read(&mut Fields::at(path, object, self.notes), Position { index, count })
                    .map_err(|fault| fault.to_string()),
                None => Err("it is not an object".to_owned()),
            };
            match item {
                Ok(item) => items.extend(item),
                Err(reason) => {
                    faults.push((index, json, reason));
                    items.extend(substitute());
                }
            }
        }
        if faults.is_empty() {
            return Listed::Whole(items);
        }
        for (index, json, reason) in faults {
            self.notes.reject(&Path::Item(&self.path, key, index), reason, json);
        }
        Listed::Partly(items)
    }
}

/// An item's place in its list.
#[derive(Debug, Clone, Copy)]
pub(in crate::normalize) struct Position {
    pub(in crate::normalize) index: usize,
    pub(in crate::normalize) count: usize,
}
