"""The day itself. Each step acts, checks what it did, and returns a line of figures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

from tests.demo import actors
from tests.demo.actors import Browser, Resident, equal
from tests.demo.processes import Instance, wait_for

LOCAL = ZoneInfo("Asia/Shanghai")
PLACES, RUSH, SUBSCRIBERS, IN_FLIGHT = 20, 60, 300, 20
ARTICLE = "sim_new_article"
SEND, MASS = "/cgi-bin/message/subscribe/send", "/cgi-bin/message/mass/sendall"


class Day:
    """What the steps share. Domain time starts at 09:00 of today's date, whatever the hour."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.date = datetime.now(LOCAL).date()
        self.ahead = 0.0
        self.people: list[Resident] = []
        self.event_url = ""
        self.attempts = 0
        self.minutes = 0

    def steps(self) -> tuple[Callable[[], str], ...]:
        return (
            self.log_in, self.look_up, self.take_quiz, self.sign_up, self.serve, self.publish, self.figures,
        )  # fmt: skip

    def at(self, hour: int, minute: int = 0) -> None:
        """Let it be this time of the day now."""
        wanted = datetime.combine(self.date, time(hour, minute), LOCAL)
        self.ahead = (wanted - datetime.now(UTC)).total_seconds()
        self.instance.shift_clock(self.ahead)

    def now(self) -> datetime:
        return datetime.now(LOCAL) + timedelta(seconds=self.ahead)

    def log_in(self) -> str:
        """Residents log in with a code; a wrong one and a used one are refused."""
        self.at(9)
        self.people = actors.residents(self.instance, RUSH)
        someone = Resident(self.instance, self.people[0].openid)
        used = someone.code()
        equal(someone.call("POST", "/sessions", {"code": used}).status, 201, "a fresh code")
        for code in (used, "no-such-code"):
            answer = someone.call("POST", "/sessions", {"code": code})
            equal((answer.status, answer.body["code"]), (400, "login_code_invalid"), "a used or wrong code")
        equal(self.instance.one("SELECT count(*) FROM resident"), RUSH, "residents in the database")
        return f"{RUSH} residents, 2 codes refused"

    def look_up(self) -> str:
        """Batteries, another name, pinyin."""
        person, found = self.people[0], 0
        for word, name, waste in (
            ("干电池", "干电池", "其他垃圾"),
            ("充电电池", "充电电池", "有害垃圾"),
            ("纽扣电池", "纽扣电池", "有害垃圾"),
            ("五号电池", "干电池", "其他垃圾"),
            ("gandianchi", "干电池", "其他垃圾"),
            ("gdc", "干电池", "其他垃圾"),
        ):
            first = person.call("GET", "/guide/items", q=word).body["items"][0]
            equal((first["name"], first["category"]["name"]), (name, waste), f"the first hit for {word}")
            found += 1
        detail = person.call("GET", f"/guide/items/{first['id']}").body
        assert detail["basis"], "an item without its basis"
        return f"{found} look-ups by name, another name, pinyin and initials"

    def take_quiz(self) -> str:
        """The daily quiz: a paper without its key, a result with explanations; a second submission changes nothing."""
        person = self.people[0]
        begun = person.call("POST", "/quizzes/daily/attempts")
        equal((begun.status, len(begun.body["questions"])), (201, 5), "the daily paper")
        assert "correct" not in str(begun.body)
        url = f"/attempts/{begun.body['id']}/submission"
        keys = {
            text: {option["text"]: option["right"] for option in json.loads(options)}
            for text, options in self.instance.rows("SELECT text, options FROM question_version")
        }
        known = begun.body["questions"][1:]  # the first one is left out
        given = {"answers": [actors.right_answer(question, keys[question["text"]]) for question in known]}
        done = person.call("POST", url, given)
        equal(done.status, 200, f"the submission ({done.body})")
        result, questions = done.body["result"], done.body["questions"]
        equal(sum(question["right"] for question in questions), 4, "questions marked right")
        equal((result["right"], result["score"], result["points"]), (4, 80, 8), "the marks")
        assert all(question["explanation"] and question["source"] for question in questions)
        equal(person.call("POST", url, given).body["code"], "already_submitted", "the second submission")
        equal(person.call("GET", f"/attempts/{begun.body['id']}").body, done.body, "the result afterwards")
        equal(person.call("GET", "/me/points").body["balance"], result["points"], "the points")
        self.attempts = 1
        return f"{result['score']} of 100, {result['points']} points, second submission refused"

    def sign_up(self) -> str:
        """An event with 20 places, 60 people at once: 20 in, 40 waiting in order; the head of the list moves up."""
        staff = Browser(self.instance, "organiser")
        node = self.instance.one("SELECT id FROM node WHERE parent_id IS NULL")
        self.event_url = staff.post(
            "/console/events/new",
            node_id=node,
            title="桶边督导志愿服务",
            kind="volunteer",
            description="在投放点值守，提醒居民看清标志。",
            risks="来往车辆较多，请注意避让。",
            place="东门投放点",
            contact="李主任 0763-6600000",
            counts_hours="1",
        )
        day = self.date.isoformat()
        staff.post(
            f"{self.event_url}/shifts/new", starts_at=f"{day}T09:30", ends_at=f"{day}T11:30", capacity=str(PLACES)
        )
        staff.post(f"{self.event_url}/publish")
        event = wait_for(
            lambda: self.people[0].call("GET", "/events").body["items"], 5, "the published event in the list"
        )[0]["id"]
        for person in self.people:
            person.accept("sim_event_offer")
        answers = self._rush(event)
        inside = [one for one in answers if one.body["state"] == "confirmed"]
        queue = [one for one in answers if one.body["state"] == "waiting"]
        equal((len(inside), len(queue)), (PLACES, RUSH - PLACES), "(confirmed, waiting) by the answers")
        equal(sorted(one.body["queue_position"] for one in queue), list(range(1, 41)), "positions in the list")
        shift = self.instance.rows("SELECT places_taken, waiting FROM shift")[0]
        equal(tuple(shift), (PLACES, RUSH - PLACES), "(taken, waiting) in the database")
        self._move_up(answers)
        return f"{PLACES} in, {RUSH - PLACES} waiting in order, 1 withdrew, the head was told and confirmed"

    def _rush(self, event: str) -> list[Any]:
        barrier = Barrier(RUSH)

        def sign_up(person: Resident) -> Any:
            barrier.wait()
            return person.call("POST", f"/events/{event}/signups", {"risk_accepted": True})

        with ThreadPoolExecutor(RUSH) as pool:
            answers = list(pool.map(sign_up, self.people))
        equal({one.status for one in answers}, {201}, "statuses of the rush")
        return answers

    def _move_up(self, answers: list[Any]) -> None:
        state = {one.body["queue_position"]: number for number, one in enumerate(answers)}
        head = self.people[state[1]]
        inside = next(number for number, one in enumerate(answers) if one.body["state"] == "confirmed")
        gone = self.people[inside].call("DELETE", f"/signups/{answers[inside].body['id']}", reason="临时有事")
        equal(gone.status, 204, "the withdrawal")
        mine = answers[state[1]].body["id"]
        message = wait_for(head.messages, 15, "the offer's message on the phone")
        equal(len(message), 1, "messages to the head of the list")
        confirmed = head.call("POST", f"/signups/{mine}/confirmation")
        equal((confirmed.status, confirmed.body["state"]), (200, "confirmed"), "the confirmation")
        equal(self.instance.one("SELECT places_taken FROM shift"), PLACES, "places taken")
        self.people = [p for p in self.people if p.call("GET", "/me/signups").body["items"][0]["state"] == "confirmed"]
        equal(len(self.people), PLACES, "confirmed people")

    def serve(self) -> str:
        """Check-in and check-out by the QR's token; a forgotten check-out; hours settled; a certificate verified."""
        staff = Browser(self.instance, "organiser")
        shift = self.instance.one("SELECT id FROM shift")
        diligent, forgetful = self.people[0], self.people[1]
        for number, person in enumerate((diligent, forgetful)):
            identity = {
                "name": ("张三丰", "李四光")[number],
                "document_kind": "id_card",
                "document": actors.identity_number(f"44188219900101{100 + number}"),
                "consent_version": "2026-01",
            }
            answer = person.call("PUT", "/me/volunteer", identity)
            equal(answer.status, 200, f"registering a volunteer ({answer.body})")
        self.at(9, 25)
        for person in (diligent, forgetful):
            equal(self._scan(staff, shift, person), (200, "in"), "the check-in")
        self.at(11, 26)
        equal(self._scan(staff, shift, diligent), (200, "out"), "the check-out")
        self.at(12, 5)
        wait_for(
            lambda: self.instance.one("SELECT count(*) FROM service_record") == 2, 60, "the forgotten one to be closed"
        )
        records = [p.call("GET", "/me/service-records").body["items"][0] for p in (diligent, forgetful)]
        equal([record["state"] for record in records], ["effective", "pending"], "states of the two records")
        equal(records[1]["flag"], "forgotten_check_out", "the flag of the forgotten check-out")
        self._settle(forgetful)
        self.minutes = records[0]["minutes"] + 90
        total = self.instance.one("SELECT sum(minutes) FROM hours_ledger")
        equal(int(total), self.minutes, "minutes in the ledger")
        return f"{self.minutes} minutes by 2 people, {self._certificate(forgetful)}"

    def _scan(self, staff: Browser, shift: int, person: Resident) -> tuple[int, str]:
        page = staff.get(f"/console/shifts/{shift}/code")
        token = re.search(r'data-token="([^"]+)"', page)
        assert token, "the page shows no code"
        answer = person.call("POST", "/checkins", {"token": token[1]})
        return answer.status, answer.body.get("action", answer.body)

    def _settle(self, person: Resident) -> None:
        verifier = Browser(self.instance, "verifier")
        key = self.instance.one("SELECT id FROM service_record WHERE state = 'pending'")
        assert "忘记签退" in verifier.get("/console/hours")
        verifier.post(f"/console/hours/{key}/settle", minutes="90", reason="与组织者核对")
        equal(person.call("GET", "/me/service-records").body["items"][0]["minutes"], 90, "minutes settled")

    def _certificate(self, person: Resident) -> str:
        made = person.call("POST", "/me/certificates", {"from": self.date.isoformat()})
        equal(made.status, 201, f"the certificate ({made.body})")
        number, code = made.body["number"], made.body["code"]
        nobody = Resident(self.instance, "")
        found = nobody.call("GET", f"/certificates/{number}", code=code)
        equal((found.status, found.body["number"]), (200, number), "the verification")
        page = nobody.http.get(made.body["verify_url"].replace("\\", ""), timeout=30)
        assert page.status_code == 200, page.status_code
        assert number in page.text
        wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
        equal(nobody.call("GET", f"/certificates/{number}", code=wrong).status, 404, "a changed code")
        return f"certificate {number} verified, a changed code refused"

    def publish(self) -> str:
        """Three reviews; a mass send and 300 messages; scheduler and worker killed after the 100th; nothing twice."""
        editor = Browser(self.instance, "editor")
        node = self.instance.one("SELECT id FROM node WHERE parent_id IS NULL")
        Browser(self.instance, "admin").post(f"/console/settings/{node}/send_in_flight", value=str(IN_FLIGHT))
        url = editor.post(
            "/console/articles/new",
            node_id=node,
            column_id=self.instance.one("SELECT min(id) FROM article_column"),
            title="厨余垃圾三步走",
            author="市住建局",
            digest="沥干、破袋、分投。",
            source="《清远市城市生活垃圾管理条例》",
            markdown="## 先沥干\n\n再破袋，最后分开投放。",
        )
        editor.post(f"{url}/submit")
        for reviewer in ("reviewer1", "reviewer2", "reviewer3"):
            Browser(self.instance, reviewer).post(f"{url}/review", verdict="passed", version="1", remark="")
        openids = actors.simulate(
            self.instance, "POST", "/_sim/subscriptions", {"template": ARTICLE, "count": SUBSCRIBERS}
        )
        for person in actors.log_in_all(self.instance, openids["openids"]):
            equal(person.call("POST", "/me/subscriptions", {ARTICLE: "accept"}).status, 200, "the subscription")
        actors.simulate(self.instance, "POST", "/_sim/faults", {"path": SEND, "kind": "latency", "value": 0.2})
        due = (self.now() + timedelta(seconds=4)).strftime("%Y-%m-%dT%H:%M:%S")
        mass = editor.post(f"{url}/pushes/new", channel="mass", due_at=due, step="confirm")
        messages = editor.post(f"{url}/pushes/new", channel="subscribe", due_at=due, step="confirm")
        before = self._received()
        wait_for(lambda: self._received() - before >= 100, 60, "the 100th message")
        self.instance.kill("scheduler", "worker")
        self.instance.start("scheduler", "worker")
        return self._after_the_kill(editor, mass, messages, openids["openids"])

    def _received(self) -> int:
        return int(actors.simulate(self.instance, "GET", f"/_sim/received?summary=1&path={SEND}")["count"])

    def _after_the_kill(self, editor: Browser, mass: str, messages: str, openids: list[str]) -> str:
        over = ("已发", "部分失败")
        for url in (mass, messages):
            wait_for(lambda url=url: actors.badge(editor.get(url)) in over, 90, f"the end of {url}")  # type: ignore[misc]
        equal(actors.badge(editor.get(mass)), "已发", "the mass send")
        answers = actors.simulate(self.instance, "GET", f"/_sim/received?summary=1&path={MASS}")["by_errcode"]
        equal(answers.get("0"), 1, "mass sends the simulator accepted")
        summary = actors.simulate(self.instance, "GET", f"/_sim/received?summary=1&path={SEND}")
        per_person = [summary["by_openid"].get(openid, 0) for openid in openids]
        equal(max(per_person), 1, "messages to one person at most")
        rows = dict(
            tuple(row)
            for row in self.instance.rows(
                "SELECT state, count(*) FROM delivery WHERE fan_out_id IS NOT NULL GROUP BY state"
            )
        )
        equal(sum(rows.values()), SUBSCRIBERS, "deliveries")
        assert set(rows) <= {"sent", "unknown"}, rows
        unknown = rows.get("unknown", 0)
        assert unknown <= IN_FLIGHT, f"{unknown} deliveries of unknown outcome"
        assert sum(per_person) >= SUBSCRIBERS - IN_FLIGHT, f"only {sum(per_person)} messages arrived"
        page = editor.get(messages)
        for state, number in rows.items():
            assert re.search(rf'id="count-{state}">{number}<', page), f"the console does not show {state} {number}"
        return f"1 mass send; of {SUBSCRIBERS}: {rows['sent']} sent, {unknown} unknown, none twice"

    def figures(self) -> str:
        """The console's front page shows what was done."""
        page = Browser(self.instance, "admin").get("/console/")
        shown = dict(re.findall(r'id="figure-(\w+)"><dt>[^<]*</dt><dd>([\d.]+)', page))
        wanted = {
            "events": "1",
            "participants": "2",
            "person_times": "2",
            "minutes": f"{self.minutes * 10 // 60 / 10:g}",
            "articles": "1",
        } | ({"attempts": str(self.attempts)} if self.attempts else {})
        equal({key: shown.get(key) for key in wanted}, wanted, "the figures of the day")
        return "，".join(f"{key} {value}" for key, value in wanted.items())
