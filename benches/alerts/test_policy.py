"""The plain model's formulas, against values worked out by hand.

    cd benches && python3 -m unittest alerts.test_policy
"""

import unittest

from .policy import DAY, Habits, bits, networks, principal

ROLE = "arn:aws:sts::111122223333:assumed-role/analytics"


class Bits(unittest.TestCase):
    def test_never_seen_in_thirty_days_is_almost_six_bits(self):
        self.assertAlmostEqual(bits(0, 30), 5.919, places=3)

    def test_what_happens_on_one_day_in_four_is_two_bits(self):
        self.assertAlmostEqual(bits(8, 30), 2.015, places=2)
        self.assertAlmostEqual(bits(20, 30), 1.014, places=2)

    def test_a_context_needs_days_before_it_can_surprise(self):
        self.assertLess(bits(1, 2.1), 1)
        self.assertGreater(bits(1, 2.2), 1)
        self.assertLess(bits(1, 5.1), 2)
        self.assertGreater(bits(1, 5.3), 2)


class Principal(unittest.TestCase):
    def test_the_session_of_a_role_is_dropped_but_not_a_persons(self):
        self.assertEqual(principal(f"{ROLE}/i-0ab"), ROLE)
        person = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Data_01/jane"
        self.assertEqual(principal(person), person)

    def test_the_name_of_a_federated_user_is_dropped(self):
        self.assertEqual(principal("arn:aws:sts::111122223333:federated-user/x"),
                         "arn:aws:sts::111122223333:federated-user")

    def test_others_stay_as_they_are(self):
        for requester in ("-", "arn:aws:iam::111122223333:user/a/b", "svc:delivery.logs.amazonaws.com", "79a5"):
            self.assertEqual(principal(requester), requester)

    def test_a_presigned_download_is_marked_and_a_presigned_listing_is_not(self):
        self.assertEqual(principal(f"{ROLE}/s", "QueryString", "REST.GET.OBJECT"), f"{ROLE}?")
        self.assertEqual(principal(f"{ROLE}/s", "QueryString", "REST.GET.BUCKET"), ROLE)
        self.assertEqual(principal(f"{ROLE}/s", "QueryString"), f"{ROLE}?")

    def test_what_anybody_can_cause_is_marked(self):
        self.assertEqual(principal("-", "-", "REST.OPTIONS.PREFLIGHT"), "-!")
        self.assertEqual(principal(ROLE + "/s", "QueryString", "REST.GET.OBJECT", is_ambiguous=True), f"{ROLE}!")


class Networks(unittest.TestCase):
    def test_both_levels(self):
        self.assertEqual(networks("198.51.100.7"), ("198.51.100.0/24", "198.51.0.0/16"))
        self.assertEqual(networks("2001:db8:1:2:3:4:5:6"), ("2001:db8:1:2::/64", "2001:db8::/32"))
        self.assertEqual(networks("athena.amazonaws.com"), ("athena.amazonaws.com", "athena.amazonaws.com"))


class Score(unittest.TestCase):
    """A history of 60 days: `a` works in bucket `one` from two networks, the second first seen 10 days ago."""

    def setUp(self):
        self.now = 100 * DAY
        self.habits = Habits()
        self.learn("one", "198.51.100.1", "a", 60)
        self.learn("one", "203.0.113.1", "a", 10)

    def learn(self, bucket, address, name, days_ago):
        time = self.now - days_ago * DAY
        self.habits.learn((bucket, address, name), time, time)

    def test_a_known_network_scores_nothing_in_any_bucket(self):
        self.assertEqual(self.habits.where("198.51.100.200", "a", self.now), 0)

    def test_a_new_wide_network_is_rated_by_those_within_the_window(self):
        self.assertAlmostEqual(self.habits.where("192.0.2.1", "a", self.now), bits(1, 30))

    def test_a_new_narrow_network_in_a_known_wide_one_is_rated_by_narrow_ones(self):
        self.learn("one", "203.0.7.1", "a", 5)
        self.assertAlmostEqual(self.habits.where("203.0.8.1", "a", self.now), bits(2, 30))

    def test_a_requester_without_rows_has_no_where(self):
        self.assertEqual(self.habits.where("192.0.2.1", "b", self.now), 0)

    def test_a_requester_new_to_a_bucket_is_rated_by_the_bucket(self):
        self.assertEqual(self.habits.who("one", "a", self.now), 0)
        self.assertAlmostEqual(self.habits.who("one", "b", self.now), bits(0, 30))
        self.learn("one", "192.0.2.1", "c", 3)
        self.assertAlmostEqual(self.habits.who("one", "b", self.now), bits(1, 30))

    def test_a_requester_that_enters_buckets_often_is_rated_by_that(self):
        for number in range(9):
            self.learn(f"other-{number}", "192.0.2.1", "audit", 8)
        self.assertAlmostEqual(self.habits.who("one", "audit", self.now), bits(9, 8))

    def test_a_habit_of_six_days_is_not_believed(self):
        for number in range(9):
            self.learn(f"other-{number}", "192.0.2.1", "audit", 6)
        self.assertAlmostEqual(self.habits.who("one", "audit", self.now), bits(0, 30))

    def test_a_bucket_without_rows_is_rated_by_the_requester_else_by_the_history(self):
        self.assertAlmostEqual(self.habits.who("two", "a", self.now), bits(0, 30))
        self.learn("three", "192.0.2.1", "a", 2)
        self.assertAlmostEqual(self.habits.who("two", "a", self.now), bits(1, 30))
        self.assertAlmostEqual(self.habits.who("two", "b", self.now), bits(0, 30))

    def test_a_young_history_rates_no_empty_bucket(self):
        young = Habits()
        young.learn(("one", "198.51.100.1", "a"), self.now - 6 * DAY, self.now)
        self.assertEqual(young.who("two", "b", self.now), 0)

    def test_rows_that_anybody_can_make_count_for_no_other_requester(self):
        self.learn("two", "192.0.2.1", "b!", 3)
        self.learn("one", "192.0.2.1", "b!", 3)
        self.assertAlmostEqual(self.habits.who("one", "c", self.now), bits(0, 30))
        self.assertNotIn("two", self.habits.bucket_requesters)
        self.assertNotIn(("two", "192.0.2.1"), self.habits.pairs)

    def test_rows_without_a_requester_make_a_pair_known_and_no_candidate(self):
        self.learn("one", "192.0.2.1", "", 3)
        self.assertFalse(self.habits.is_candidate(("one", "192.0.2.1", "b")))
        self.assertTrue(self.habits.is_candidate(("one", "198.51.100.1", "b")))
        self.assertFalse(self.habits.is_candidate(("one", "198.51.100.1", "a")))

    def test_a_forgotten_row_counts_nowhere(self):
        habits = Habits(forget=90)
        habits.learn(("one", "198.51.100.1", "a"), 0, self.now - 91 * DAY)
        habits.learn(("one", "203.0.113.1", "b"), self.now - 10 * DAY, self.now)
        habits.start(self.now)
        self.assertTrue(habits.is_candidate(("one", "198.51.100.1", "a")))
        self.assertEqual(habits.where("192.0.2.1", "a", self.now), 0)
        self.assertAlmostEqual(habits.who("one", "a", self.now), bits(1, 10))


if __name__ == "__main__":
    unittest.main()
