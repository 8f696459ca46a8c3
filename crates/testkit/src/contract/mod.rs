//! The contract suite: what every store must do, whatever it is made of.
//!
//! An adapter gives a [`Database`](crate::Database) and gets one test for each case:
//!
//! ```
//! landfall_testkit::store_contract!(landfall_testkit::Memory);
//! ```
//!
//! Where [`Database::missing`](crate::Database::missing) says that there can be none, the tests pass and say so.
//!
//! The first groups of cases speak to the ports directly; the others run commands through the engine, so
//! that the rules hold on this store as on any other.

mod events;
mod scene;
mod shop;

pub mod again;
pub mod book;
pub mod cargo;
pub mod claims;
pub mod commits;
pub mod demand;
pub mod desk;
pub mod dispatch;
pub mod histories;
pub mod holds;
pub mod kept;
pub mod late;
pub mod lists;
pub mod loading;
pub mod models;
pub mod orders;
pub mod overdue;
pub mod parts;
pub mod promises;
pub mod ranges;
pub mod receipts;
pub mod recent;
pub mod relays;
pub mod repeats;
pub mod rest;
pub mod shipments;
pub mod sorts;
pub mod supply;
pub mod things;
pub mod together;
pub mod withheld;

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
            the_queue_follows_the_lines lines_wait_for_the_goods_of_their_locations
            several_ranges_at_once
        }
        $crate::store_contract! { @group late
            lines_with_later_promises_are_found late_lines_are_found_in_order
            late_lines_follow_the_lines late_lines_are_found_by_what_could_serve_them
        }
        $crate::store_contract! { @group cargo
            cargo_comes_whole a_shipment_changes a_live_product_comes_with_what_is_taken
        }
        $crate::store_contract! { @group commits
            a_commit_on_a_stale_head_is_a_conflict a_roll_back_leaves_nothing
            contradictions_are_refused_whole what_was_committed_survives a_reader_sees_one_moment
            answers_are_remembered_and_forgotten the_log_is_read_by_cursor
        }
        $crate::store_contract! { @group things
            one_batch one_order one_product
        }
        $crate::store_contract! { @group lists
            batches_are_listed prefixes_are_text orders_are_listed products_are_listed
            backorders_are_listed lines_are_listed bad_cursors_are_told
        }
        $crate::store_contract! { @group sorts
            batches_are_sorted holds_are_overdue shipments_are_sorted products_are_sorted cursors_are_of_one_order
        }
        $crate::store_contract! { @group recent
            orders_are_listed_by_their_last_change a_database_without_orders_lists_none
        }
        $crate::store_contract! { @group overdue
            what_should_have_left_is_listed what_should_have_left_follows_the_lines
            overdue_cursors_are_of_one_order
        }
        $crate::store_contract! { @group models
            shipments_are_listed attention_is_drawn a_thing_has_its_history the_case_of_a_line
            the_log_is_read_backwards a_batch_shows_who_has_it
        }
        $crate::store_contract! { @group book
            allocating_reduces_what_is_available a_batch_serves_what_it_has_and_no_more
            a_line_is_served_by_its_own_sku warehouse_stock_is_preferred
            earlier_batches_are_preferred the_same_line_twice_changes_nothing the_version_goes_up
            a_batch_is_added_to_a_new_and_to_a_known_product out_of_stock_is_recorded
            a_changed_quantity_changes_what_is_available a_cut_reallocates
        }
        $crate::store_contract! { @group supply
            a_cut_drops_lines_by_the_written_rule a_cut_drops_the_latest_promise_first
            a_cut_goes_by_the_present_promise a_cut_restores_lines_that_still_fit
            losers_are_served_again_or_wait a_new_batch_fills_the_waiting
            freed_stock_fills_the_waiting a_large_line_blocks_nobody
            a_line_that_fits_no_batch_is_passed_over a_split_line_is_served_whole
            a_deep_cut_reaches_every_line
        }
        $crate::store_contract! { @group promises
            no_promise_is_made_for_a_past_day time_alone_changes_nothing promises_follow_the_eta
            a_changed_promise_names_its_cause
            a_move_to_earlier_goods_keeps_the_date a_new_eta_reaches_every_line
            who_waited_is_told_once_each_way
        }
        $crate::store_contract! { @group demand
            two_equal_lines_are_two_lines a_line_without_stock_waits_or_is_refused
            policies_and_locations_choose_the_batch amending_down_gives_back
            amending_up_keeps_the_batch_where_it_can amending_up_beyond_stock_is_refused_or_waits
            a_cancelled_line_stays_cancelled nothing_is_promised_twice
        }
        $crate::store_contract! { @group orders
            an_order_is_placed_whole an_order_is_refused_whole a_senseless_order_is_refused
            a_cancelled_order_is_cancelled_whole
        }
        $crate::store_contract! { @group shipments
            a_shipment_is_made_once a_batch_comes_with_its_shipment a_storm_moves_every_batch
            a_shipment_is_held_beside_its_batches a_shipment_is_received
            short_counts_take_only_what_is_missing
        }
        $crate::store_contract! { @group holds
            a_hold_without_a_date_takes_the_goods_away a_hold_with_a_date_keeps_its_lines
            a_hold_is_repeated held_goods_do_not_leave released_goods_go_to_the_queue
        }
        $crate::store_contract! { @group dispatch
            a_line_leaves a_part_leaves_and_locks_the_rest a_line_under_way_is_spared
            a_line_under_way_makes_no_room what_is_not_there_stays
            an_order_leaves_as_far_as_it_is_there a_split_line_leaves_from_what_is_there
        }
        $crate::store_contract! { @group withheld
            held_goods_have_no_day a_clear_date_is_a_day_again a_shipment_is_withheld
            a_part_of_its_goods_is_withheld withheld_goods_are_lost_or_given_back
            an_order_is_withheld_together
        }
        $crate::store_contract! { @group together
            one_promise_for_all_lines any_line_moves_the_promise_of_all a_waiting_line_holds_all_up
            a_cancelled_line_has_no_say a_line_added_later_goes_by_itself
            time_alone_moves_no_order
        }
        $crate::store_contract! { @group kept
            a_late_line_moves_silently slack_is_given_up a_kept_promise_is_not_broken
            priority_decides_who_is_kept a_move_keeps_to_the_terms days_are_those_of_the_promise
            a_split_line_moves_in_parts a_split_line_that_lost_its_goods_keeps_its_promise just_in_time_waits_least early_stays_free
            wanting_less_helps_the_late
        }
        $crate::store_contract! { @group claims
            important_split_lines_move_first a_promise_outranks_the_queue
            a_broken_promise_stands_in_the_queue the_preferred_location_serves_in_time
            a_broken_promise_is_kept_as_nearly_as_can_be a_delayed_split_line_is_late_by_as_little_as_can_be
        }
        $crate::store_contract! { @group parts
            slack_is_given_up_to_a_split_line slack_is_given_up_to_the_late_part
            room_is_made_for_a_split_line_that_lost_its_goods a_late_split_line_is_pulled_back_with_slack
            parts_in_time_keep_a_promise a_split_line_has_the_claims_of_others
        }
        $crate::store_contract! { @group rest
            who_lost_its_goods_has_those_of_who_can_wait an_order_gets_its_earliest_day
            a_delayed_order_makes_use_of_its_own_lines an_order_makes_use_of_all_its_products
            who_is_late_has_what_a_filled_order_can_do_without
            who_is_late_has_what_an_order_took_in_vain lines_that_go_together_take_no_turns
            who_stays_has_not_moved
        }
        $crate::store_contract! { @group receipts
            a_receipt_is_short_or_over nothing_may_have_arrived what_has_left_was_there
            a_batch_is_cancelled
        }
        $crate::store_contract! { @group again
            every_command_is_repeated_at_once every_command_is_answered_by_its_id
            a_storm_is_rehearsed
        }
        $crate::store_contract! { @group repeats
            a_repeated_batch a_repeated_line a_repeated_order an_id_is_answered_once
            an_id_is_answered_once_within_a_group ids_are_remembered_across_a_restart
            a_restart_changes_nothing a_dry_run_leaves_nothing
        }
        mod histories {
            $crate::store_contract! { @plain histories
                a_history_ends_as_in_memory a_restart_in_between_is_not_seen
            }
        }
    };
    (@group $group:ident $($case:ident)*) => {
        mod $group {
            $(
                #[test]
                fn $case() {
                    if !$crate::database::is_missing::<super::DatabaseUnderTest>() {
                        $crate::run($crate::contract::$group::$case::<super::DatabaseUnderTest>());
                    }
                }
            )*
        }
    };
    (@plain $group:ident $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                if !$crate::database::is_missing::<super::DatabaseUnderTest>() {
                    $crate::contract::$group::$case::<super::DatabaseUnderTest>();
                }
            }
        )*
    };
}
