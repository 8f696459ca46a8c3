//! The contract suite: what every store must do, whatever it is made of.
//!
//! An adapter gives a [`Database`](crate::Database) and gets one test for each case:
//!
//! ```
//! landfall_testkit::store_contract!(landfall_testkit::Memory);
//! ```
//!
//! The first groups of cases speak to the ports directly; the others run commands through the engine, so
//! that the rules hold on this store as on any other.

mod events;
mod scene;

pub mod commits;
pub mod lists;
pub mod loading;
pub mod ranges;

/// Makes a test of every case of the contract suite, for one kind of database.
#[macro_export]
macro_rules! store_contract {
    ($database:ty) => {
        type DatabaseUnderTest = $database;

        $crate::store_contract! { @group loading
            a_new_database_is_empty every_field_comes_back names_are_exact
            a_product_comes_with_its_open_batches a_line_comes_with_its_batches
            an_order_comes_with_its_lines repeated_keys_load_once what_is_absent_stays_absent
            more_can_be_loaded many_at_once
        }
        $crate::store_contract! { @group ranges
            lines_lose_in_the_order_of_the_shortage_rule ranges_of_losers_are_read_in_pages
            the_order_of_losers_follows_the_lines a_split_line_loses_with_each_of_its_batches
            lines_wait_in_the_order_of_the_queue ranges_of_waiting_lines_have_a_bound_and_pages
            the_queue_follows_the_lines several_ranges_at_once
        }
        $crate::store_contract! { @group commits
            a_commit_on_a_stale_head_is_a_conflict a_roll_back_leaves_nothing
            contradictions_are_refused_whole what_was_committed_survives a_reader_sees_one_moment
            answers_are_remembered_and_forgotten the_log_is_read_by_cursor
        }
        $crate::store_contract! { @group lists
            one_batch one_order one_product batches_are_listed prefixes_are_text orders_are_listed
            products_are_listed backorders_are_listed lines_are_listed bad_cursors_are_told
        }
    };
    (@group $group:ident $($case:ident)*) => {
        mod $group {
            $(
                #[test]
                fn $case() {
                    $crate::run($crate::contract::$group::$case::<super::DatabaseUnderTest>());
                }
            )*
        }
    };
}
