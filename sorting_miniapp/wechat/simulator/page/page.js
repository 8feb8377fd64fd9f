"use strict";
// Shows the simulator's state, asked for every two seconds, and passes on what a person wants of it.
const at = (id) => document.getElementById(id);
const SEND = "/cgi-bin/message/subscribe/send";
const MASS = "/cgi-bin/message/mass/sendall";
const KINDS = {
  latency: "变慢（数值为秒）", reset_before: "处理前断开", accepted_then_dropped: "已办理但断开", busy: "系统繁忙（-1）",
  http_500: "服务器错误（数值为状态码）", not_json: "回答无法识别", errcode_string: "错误码变成文字", bad_token: "令牌失效（40001）",
  quota: "当日次数用完（45009）", minute_quota: "每分钟次数用完（45011）", errcode: "指定错误码（数值）", drift: "数字与文字混用",
  event_lost: "事件丢失", event_doubled: "事件重复", event_late: "事件迟到（数值为秒）", event_drift: "事件里的数字变成文字",
  event_other_spelling: "发布事件的另一种名称", event_bad_signature: "签名不对", event_stale: "一小时前的签名",
  event_unencrypted: "事件没有加密", event_old_shape: "图片审核的旧格式",
};
const BUTTONS = [
  ["微信变慢：每次 2 秒", "/*", "latency", null, 2],
  ["系统繁忙：接下来 3 次", "/*", "busy", 3, 0],
  ["服务器错误：接下来 3 次", "/*", "http_500", 3, 502],
  ["令牌失效：接下来 3 次", "/*", "bad_token", 3, 0],
  ["消息已发但没有回答：1 次", SEND, "accepted_then_dropped", 1, 0],
  ["群发已提交但没有回答：1 次", MASS, "accepted_then_dropped", 1, 0],
  ["消息当日次数用完", SEND, "quota", null, 0],
  ["群发当日次数用完", MASS, "quota", null, 0],
  ["事件丢失：下 1 个", "event:*", "event_lost", 1, 0],
  ["事件重复：下 1 个", "event:*", "event_doubled", 1, 0],
  ["事件迟到 30 秒：下 1 个", "event:*", "event_late", 1, 30],
];
const EVENTS = {
  PUBLISHJOBFINISH: "发布结束", MASSSENDJOBFINISH: "群发结束", subscribe: "关注", unsubscribe: "取消关注", text: "发来文字",
  subscribe_msg_popup_event: "接收消息的选择", subscribe_msg_change_event: "在设置里改了接收",
  subscribe_msg_sent_event: "消息送达", wxa_media_check: "图片审核结果",
};
const RESULTS = { waiting: "等待中", late: "迟到中", delivered: "已送达", failed: "多次没有成功", lost: "丢失（故障）", "no callback": "接收地址没有通过验证" };
const MASS_STATES = { waiting: "等管理员确认", sending: "发送中", done: "已结束", refused: "管理员没有同意", deleted: "已删除" };
const PUBLISH_STATES = { "-1": "发布中", 0: "已发布", 2: "原创声明失败", 3: "普通失败", 4: "平台审核不通过", 5: "已被删除", 6: "被系统封禁" };
let who = location.hash.slice(1);
const before = {};

function make(tag, text, more) {
  const made = Object.assign(document.createElement(tag), more || {});
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}
function row(...cells) {
  const made = make("tr");
  for (const one of cells) {
    const cell = make("td");
    if (one instanceof Node) cell.append(one); else cell.textContent = one;
    made.append(cell);
  }
  return made;
}
function button(text, work, more) {
  const made = make("button", text, { type: "button", ...more });
  made.addEventListener("click", work);
  return made;
}
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
const stamp = (seconds) => new Date(seconds * 1000).toLocaleString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });

function say(text) { at("said").textContent = text; }
async function ask(method, path, body) {
  try {
    const answer = await fetch(path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!answer.ok) { say(`没有成功：${await answer.text()}`); return null; }
    return await answer.json();
  } catch { say("模拟器没有回答，请确认它还在运行"); return null; }
}
async function doing(text, method, path, body) {
  const found = await ask(method, path, body);
  if (found) say(text);
  await refresh();
  return found;
}
// Redraw a part only when it changed, and keep the keyboard's place in it.
function draw(name, data, work) {
  const now = JSON.stringify(data);
  if (before[name] === now) return;
  before[name] = now;
  const held = document.activeElement && document.activeElement.dataset.key;
  work(data);
  if (held && document.activeElement === document.body) document.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
}
function fill(id, rows, columns, empty) {
  const body = at(id);
  if (!rows.length) {
    const cell = make("td", empty, { colSpan: columns });
    const only = make("tr");
    only.append(cell);
    body.replaceChildren(only);
  } else body.replaceChildren(...rows);
}

function drawPeople([people, current]) {
  at("people").replaceChildren(...people.map((one) => {
    const made = button("", () => { who = one.openid; location.hash = who; refresh(); });
    made.dataset.key = `person-${one.openid}`;
    made.setAttribute("aria-pressed", String(one.openid === current));
    made.append(make("span", one.name), make("small", `${one.follows ? "已关注" : "未关注"} · ${one.messages} 条消息`));
    const item = make("li");
    item.append(made);
    return item;
  }));
  if (!people.length) at("people").append(make("li", "还没有居民。点“新增一位居民”，或在小程序里登录。", { className: "hint" }));
}
function card(message) {
  const made = make("article", null, { className: "card" });
  if (message.kind === "notice") {
    made.append(make("div", "服务通知 · 小程序", { className: "from" }), make("h4", message.title));
    const list = make("dl");
    for (const [label, value] of message.rows) list.append(make("dt", label), make("dd", value));
    made.append(list, make("div", `进入小程序查看${message.page ? `：${message.page}` : ""}`, { className: "more" }));
    return made;
  }
  made.append(make("div", message.kind === "preview" ? "公众号 · 预览" : "公众号 · 群发", { className: "from" }));
  if (message.cover) made.append(make("img", null, { src: message.cover, alt: "" }));
  made.append(make("h4", message.title), make("p", message.digest || "", { className: "hint" }));
  made.append(message.article ? reading(message.article, message.title) : make("p", "该内容已被发布者删除", { className: "hint" }));
  return made;
}
function reading(article, title) {
  const made = button("阅读全文", () => {
    at("article").src = `/_sim/articles/${encodeURIComponent(article)}`;
    at("reader-title").textContent = title;
    at("reader").showModal();
  });
  made.setAttribute("aria-label", `阅读全文：${title}`);
  made.dataset.key = `read-${article}`;
  return made;
}
function drawPhone([owner, titles]) {
  at("owner-tools").hidden = !owner;
  const screen = [make("div", owner ? `${owner.name}的微信` : "微信", { className: "bar" })];
  if (!owner) screen.push(make("p", "先在居民里选一位。", { className: "hint" }));
  else if (!owner.shown.length) screen.push(make("p", "还没有收到消息。", { className: "hint" }));
  for (const message of owner ? owner.shown : []) screen.push(make("div", stamp(message.at), { className: "when" }), card(message));
  at("phone").replaceChildren(...screen);
  if (!owner) return;
  at("follow").textContent = owner.follows ? "取消关注公众号" : "关注公众号";
  at("follow").dataset.wanted = owner.follows ? "no" : "yes";
  at("write").hidden = !owner.follows;
  const left = Object.entries(owner.credits).map(([id, count]) => `${titles[id] || id} ${count} 次`);
  left.push(...owner.lasting.map((id) => `${titles[id] || id}（长期）`));
  at("ids").textContent = `手机号 ${owner.phone}；openid ${owner.openid}；还可接收：${left.join("、") || "无"}`;
}
function drawTemplates(templates) {
  const chosen = at("template").value;
  at("template").replaceChildren(...templates.map((one) => make("option", one.title + (one.kind === 3 ? "（长期）" : ""), { value: one.id })));
  if (chosen) at("template").value = chosen;
}
function drawJobs(jobs) {
  fill("jobs", jobs.map((job) => {
    const doings = make("div", null, { className: "line" });
    if (job.state === "waiting") {
      for (const [text, yes] of [["同意群发", true], ["不同意", false]]) {
        const made = button(text, () => doing(`管理员：${text}`, "POST", `/_sim/mass/${job.id}/confirm`, { confirm: yes }));
        made.dataset.key = `${yes}-${job.id}`;
        doings.append(made);
      }
    }
    if (job.article) doings.append(reading(job.article, job.title));
    const mass = job.kind === "mass";
    const failed = job.state === "done" && job.outcome !== "send success" ? `（${job.outcome}）` : "";
    const state = mass ? MASS_STATES[job.state] + failed : PUBLISH_STATES[job.state] || job.state;
    const people = job.counts.SentCount === undefined ? "" : `${job.counts.SentCount} / ${job.counts.TotalCount}`;
    return row(stamp(job.at), mass ? "群发" : "发布", job.title, state, people, doings);
  }), 6, "还没有群发或发布。在控制台把一篇文章推送出去，就会出现在这里。");
}
function drawFaults(faults) {
  at("faults").replaceChildren(...faults.map((one) => {
    const left = one.times === null ? "一直" : `还有 ${one.times} 次`;
    const where = { "/*": "所有接口", "event:*": "所有事件" }[one.path] || one.path;
    return make("li", `${where}：${KINDS[one.kind]}${one.value ? ` ${one.value}` : ""}，${left}`);
  }));
  if (!faults.length) at("faults").append(make("li", "没有，一切正常。", { className: "hint" }));
}
function drawEvents(events) {
  fill("events", events.map((one) => {
    const result = make("span", RESULTS[one.state] + (one.state === "failed" && one.answer ? `（${one.answer}）` : ""));
    result.className = one.state === "delivered" ? "good" : ["waiting", "late"].includes(one.state) ? "" : "bad";
    const again = button("再推一次", () => doing("已再推一次", "POST", `/_sim/events/${one.number}/again`, {}));
    again.dataset.key = `again-${one.number}`;
    return row(clock(one.at), EVENTS[one.name] || one.name, result, one.attempts, again);
  }), 5, "还没有事件。居民的选择、群发和发布的结果会推送给本系统。");
}
function drawReceived(calls) {
  fill("received", calls.map((one) => {
    const made = row(clock(one.at), one.path, make("span", one.errcode === 0 ? "成功" : `错误 ${one.errcode}`, { className: one.errcode === 0 ? "good" : "bad" }));
    made.children[0].className = "time";
    made.children[1].className = "path";
    return made;
  }), 3, "还没有调用。本系统请求微信时会列在这里。");
}
function drawSettings(settings) {
  for (const input of at("settings").elements) {
    if (input === document.activeElement || !(input.name in settings)) continue;
    if (input.type === "checkbox") input.checked = settings[input.name]; else input.value = settings[input.name];
  }
}
async function refresh() {
  const found = await ask("GET", `/_sim/overview?who=${encodeURIComponent(who)}&q=${encodeURIComponent(at("q").value)}`);
  if (!found) return;
  if (!found.owner && found.people.length && !at("q").value) { who = found.people[0].openid; return refresh(); }
  at("totals").textContent = `现有居民 ${found.total} 人，其中关注公众号 ${found.followers} 人。`;
  draw("people", [found.people, who], drawPeople);
  draw("templates", found.templates, drawTemplates);
  draw("phone", [found.owner, Object.fromEntries(found.templates.map((one) => [one.id, one.title]))], drawPhone);
  draw("jobs", found.jobs, drawJobs);
  draw("faults", found.faults, drawFaults);
  draw("events", found.events, drawEvents);
  draw("received", found.received, drawReceived);
  draw("settings", found.settings, drawSettings);
}
function sure(text) {
  at("ask-text").textContent = text;
  at("ask").returnValue = "no";
  at("ask").showModal();
  return new Promise((done) => at("ask").addEventListener("close", () => done(at("ask").returnValue === "yes"), { once: true }));
}

at("new-user").addEventListener("click", async () => {
  const found = await ask("POST", "/_sim/users", {});
  if (found) { who = found.openid; location.hash = who; say("已新增一位居民"); }
  refresh();
});
at("q").addEventListener("input", refresh);
for (const one of document.querySelectorAll("[data-answer]")) {
  one.addEventListener("click", () => {
    const answer = one.dataset.answer;
    const body = answer === "revoke" ? { template: at("template").value, revoke: true } : { template: at("template").value, accept: answer === "accept" };
    doing(`已${one.textContent}`, "POST", `/_sim/users/${who}/subscriptions`, body);
  });
}
at("follow").addEventListener("click", () => doing(`已${at("follow").textContent}`, "POST", `/_sim/users/${who}/follow`, { follow: at("follow").dataset.wanted === "yes" }));
at("write").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await doing("已发给公众号", "POST", `/_sim/users/${who}/texts`, { content: at("text").value })) at("text").value = "";
});
for (const [id, path, words] of [["code", "codes", "登录凭证"], ["phone-code", "phone-codes", "手机号凭证"]]) {
  at(id).addEventListener("click", async () => {
    const found = await doing(`${words}五分钟内有效，只能用一次`, "POST", `/_sim/users/${who}/${path}`, {});
    if (found) at("code-shown").textContent = found.code;
  });
}
for (const [text, path, kind, times, value] of BUTTONS) {
  at("fault-buttons").append(button(text, () => doing(`已开启：${text}`, "POST", "/_sim/faults", { path, kind, times, value })));
}
for (const [kind, text] of Object.entries(KINDS)) at("kinds").append(make("option", text, { value: kind }));
for (const path of ["/*", "event:*", SEND, MASS, "/cgi-bin/stable_token", "/cgi-bin/draft/add", "/cgi-bin/freepublish/submit", "/cgi-bin/freepublish/get",
  "/cgi-bin/message/mass/get", "/sns/jscode2session", "/wxa/msg_sec_check", ...Object.keys(EVENTS).map((name) => `event:${name}`)]) {
  at("paths").append(make("option", null, { value: path }));
}
at("fault").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(at("fault")));
  const times = given.times ? Number(given.times) : null;
  doing("已开启故障", "POST", "/_sim/faults", { path: given.path, kind: given.kind, times, after: Number(given.after), value: Number(given.value) });
});
at("settings").addEventListener("change", (event) => {
  const input = event.target;
  const value = input.type === "checkbox" ? input.checked : "number" in input.dataset ? Number(input.value) : input.value;
  doing("已更改", "POST", "/_sim/settings", { [input.name]: value });
});
at("settings").addEventListener("submit", (event) => event.preventDefault());
at("clear-faults").addEventListener("click", () => doing("已全部恢复正常", "DELETE", "/_sim/faults"));
at("reset").addEventListener("click", async () => {
  if (!await sure("清空后，模拟器里的居民、消息、文章和任务都会消失，不能恢复。本系统里的居民将无法再收到消息。确定清空吗？")) return;
  who = "";
  location.hash = "";
  await doing("已清空", "POST", "/_sim/reset", {});
});
at("reader-close").addEventListener("click", () => at("reader").close());
refresh();
setInterval(refresh, 2000);
