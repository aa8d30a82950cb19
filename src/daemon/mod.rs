//! The daemon: when passes are made, by whom, what becomes of trouble, and how it all ends.
