"""What queues and the bucket say themselves of who may use them; moto makes none of it."""

import json
import unittest

from emulator import arn
from policies import Call, allows
from stack import template

RULE = {"aws:SourceArn": arn("events", "rule/live2-events")}
NAMES = {
    "EventsQueue": arn("sqs", "live2-events"),
    "EventsDeadLetters": arn("sqs", "live2-events-dead"),
    "EventsRule": RULE["aws:SourceArn"],
    "Bucket": "arn:aws:s3:::live2-artifacts",
}


class EventsQueuePolicy(unittest.TestCase):
    def test_only_the_rule_may_send(self):
        document = document_of("EventsQueuePolicy")
        for queue in (NAMES["EventsQueue"], NAMES["EventsDeadLetters"]):
            for call, is_allowed in [
                (Call("sqs:SendMessage", queue, RULE, "events.amazonaws.com"), True),
                (Call("sqs:SendMessage", queue, {}, "events.amazonaws.com"), False),
                (Call("sqs:SendMessage", queue, RULE, "sns.amazonaws.com"), False),
                (Call("sqs:ReceiveMessage", queue, RULE, "events.amazonaws.com"), False),
            ]:
                with self.subTest(call=call):
                    self.assertEqual(allows([document], call), is_allowed)

    def test_a_rule_of_somebody_else_may_not(self):
        foreign = {"aws:SourceArn": "arn:aws:events:eu-central-1:999999999999:rule/live2-events"}
        call = Call("sqs:SendMessage", NAMES["EventsQueue"], foreign, "events.amazonaws.com")
        self.assertFalse(allows([document_of("EventsQueuePolicy")], call))


class BucketPolicy(unittest.TestCase):
    def test_what_is_not_encrypted_on_its_way_is_refused_whoever_asks(self):
        everybody_may = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
        documents = [everybody_may, document_of("BucketPolicy")]
        for transport, is_allowed in [("true", True), ("false", False)]:
            context = {"aws:SecureTransport": [transport]}
            call = Call("s3:GetObject", f"{NAMES['Bucket']}/prod/a", context)
            self.assertEqual(allows(documents, call), is_allowed, transport)


def document_of(resource):
    """The policy of a resource, with the names that it would have."""
    return resolved(template()["Resources"][resource]["Properties"]["PolicyDocument"])


def resolved(value):
    match value:
        case {"Fn::GetAtt": [name, "Arn"]}:
            return NAMES[name]
        case {"Fn::Sub": text}:
            for name, known in NAMES.items():
                text = text.replace(f"${{{name}.Arn}}", known)
            return text
        case dict():
            return {key: resolved(one) for key, one in value.items()}
        case list():
            return [resolved(one) for one in value]
    return value


class AlarmRules(unittest.TestCase):
    def test_the_log_takes_what_the_rules_picked_out(self):
        policy = template()["Resources"]["AlarmLogsPolicy"]["Properties"]["PolicyDocument"]
        document = json.loads(policy["Fn::Sub"])
        log = document["Statement"][0]["Resource"]
        call = Call("logs:PutLogEvents", log, service="events.amazonaws.com")
        self.assertTrue(allows([document], call))
