/* The article editor: formatting buttons, counters, the preview as it is typed, pictures in place, unsaved text kept.
   Without this file the form still works: it saves, and the server shows what it would look like. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-editor]");
  if (!form) {
    return;
  }
  var text = form.elements.markdown;
  var status = form.querySelector("[data-status]");
  var preview = document.getElementById("preview");
  var unsaved = form.dataset.unsaved === "yes";
  var leaving = false;

  function values() {
    var data = new FormData(form);
    data.delete("cover_file");
    return data;
  }

  function later(wait, call) {
    var timer = 0;
    return function () {
      window.clearTimeout(timer);
      timer = window.setTimeout(call, wait);
    };
  }

  /* Writing into the text so that the browser's undo still knows it. */
  function insert(start, end, piece, selectFrom, selectTo) {
    text.focus();
    text.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, piece)) {
      text.setRangeText(piece, start, end, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
    text.setSelectionRange(start + selectFrom, start + selectTo);
  }

  function around(before, after, sample) {
    var start = text.selectionStart;
    var end = text.selectionEnd;
    var chosen = text.value.slice(start, end) || sample;
    insert(start, end, before + chosen + after, before.length, before.length + chosen.length);
  }

  /* Each line of what is chosen, without the spaces around it and what makes it a list or a heading; once more: off. */
  function bold() {
    var start = text.selectionStart;
    var end = text.selectionEnd;
    var chosen = text.value.slice(start, end);
    if (text.value.slice(start - 2, start) === "**" && text.value.slice(end, end + 2) === "**") {
      insert(start - 2, end + 2, chosen, 0, chosen.length);
      return;
    }
    if (!chosen.trim()) {
      around("**", "**", "加粗的文字");
      return;
    }
    var whole = /^\*\*([^*]+)\*\*$/.exec(chosen.trim());
    var piece = whole ? chosen.replace(/\*\*/g, "") : chosen.split("\n").map(function (line) {
      var parts = /^(\s*(?:(?:[-+>]|\d+[.)]|#{1,6})\s+)*)(.*?)(\s*)$/.exec(line.replace(/\*\*/g, ""));
      return parts[2] ? parts[1] + "**" + parts[2] + "**" + parts[3] : line;
    }).join("\n");
    var bare = /^\*\*([^*]+)\*\*$/.test(piece) ? 2 : 0; // one piece: its words stay chosen, so that a second press takes it off
    insert(start, end, piece, bare, piece.length - bare);
  }

  var MARK = /^(?:[-+>] |\d+[.)] |#{1,6} )/;
  function lines(prefix, sample) {
    var start = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
    var end = text.selectionEnd;
    var chosen = text.value.slice(start, end) || sample;
    var marked = chosen.split("\n").map(function (line, number) {
      return (typeof prefix === "function" ? prefix(number) : prefix) + line.replace(MARK, "");
    }).join("\n");
    if (marked === chosen) { // all of it is so already: off
      marked = chosen.split("\n").map(function (line) { return line.replace(MARK, ""); }).join("\n");
    }
    var above = text.value.slice(0, start).slice(-2);
    var gap = start === 0 || above === "\n\n" || MARK.test(chosen) ? "" : "\n";
    insert(start, end, gap + marked, gap.length, gap.length + marked.length);
  }

  function block(piece) {
    var at = text.selectionEnd;
    var gap = at === 0 ? "" : text.value.slice(0, at).slice(-2) === "\n\n" ? "" : text.value[at - 1] === "\n" ? "\n" : "\n\n";
    insert(at, at, gap + piece + "\n", gap.length, gap.length + piece.length);
  }

  var picker = form.querySelector("[data-picture]");
  var commands = {
    bold: bold,
    heading: function () { lines("## ", "小标题"); },
    list: function () { lines("- ", "一项"); },
    numbers: function () { lines(function (number) { return number + 1 + ". "; }, "一项"); },
    quote: function () { lines("> ", "引用的话"); },
    link: function () { around("[", "](https://)", "链接文字"); },
    picture: function () { picker.click(); },
    table: function () { block("| 类别 | 怎么投放 |\n| --- | --- |\n| 可回收物 | 清洁干燥 |\n| 厨余垃圾 | 沥干水分 |"); }
  };

  form.querySelector(".md-tools").hidden = false;
  form.addEventListener("click", function (event) {
    var button = event.target.closest("[data-md]");
    if (button) {
      commands[button.dataset.md]();
    }
  });
  text.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "b") {
      event.preventDefault();
      commands.bold();
    }
  });

  function say(words, failed) {
    status.textContent = words;
    status.classList.toggle("autosave-failed", Boolean(failed));
  }

  function sendPicture(file) {
    var data = new FormData();
    data.append("csrf_token", form.elements.csrf_token.value);
    data.append("file", file);
    say("正在上传图片……");
    fetch(form.dataset.pictures, { method: "POST", body: data, headers: { Accept: "application/json" } })
      .then(function (answer) { return answer.json().then(function (body) { return [answer.ok, body]; }); })
      .then(function (found) {
        if (!found[0]) {
          throw new Error(found[1].message);
        }
        block(found[1].markdown);
        say("图片已插入，请把“图片说明”改成一句话");
      })
      .catch(function (error) { say(error instanceof SyntaxError || !error.message ? "图片没有传上，请换一张小于 10 MB 的图片再试" : error.message, true); });
  }

  picker.addEventListener("change", function () {
    Array.prototype.forEach.call(picker.files, sendPicture);
    picker.value = "";
  });
  function dropped(event, files) {
    var pictures = Array.prototype.filter.call(files, function (file) { return file.type.indexOf("image/") === 0; });
    if (pictures.length) {
      event.preventDefault();
      pictures.forEach(sendPicture);
    }
  }
  text.addEventListener("paste", function (event) { dropped(event, event.clipboardData.files); });
  text.addEventListener("drop", function (event) { dropped(event, event.dataTransfer.files); });

  /* Counters beside the labels. */
  function counter(input) {
    var shown = document.createElement("span");
    shown.className = "count";
    shown.id = input.id + "-count";
    form.querySelector('label[for="' + input.id + '"]').after(shown);
    return function () {
      var length = Array.from(input.value.trim()).length;
      var most = Number(input.dataset.most);
      shown.textContent = length + " / " + most;
      shown.classList.toggle("count-over", length > most);
    };
  }
  var counters = Array.prototype.map.call(form.querySelectorAll("[data-most]"), counter);
  function count() {
    counters.forEach(function (one) { one(); });
  }

  /* A reprint names where it first stood; an own text does not ask for it. */
  function origin() {
    form.querySelector("[data-reprint]").hidden = form.elements.origin.value !== "reprint";
  }

  var look = later(400, function () {
    fetch(form.dataset.preview, { method: "POST", body: values() })
      .then(function (answer) { return answer.ok ? answer.text() : null; })
      .then(function (body) {
        if (body !== null) {
          var top = preview.scrollTop;
          preview.innerHTML = body;
          preview.scrollTop = top;
        }
      })
      .catch(function () { /* the next key tries again */ });
  });

  function keep() {
    if (!unsaved || leaving) {
      return;
    }
    unsaved = false;
    fetch(form.dataset.autosave, { method: "POST", body: values(), redirect: "error" })
      .then(function (answer) { return answer.json().then(function (body) { return [answer.ok, body]; }); })
      .then(function (found) {
        if (!found[0]) {
          throw new Error(found[1].message);
        }
        say(found[1].warning || "已自动保存 " + found[1].at + "，还没有交给别人看", Boolean(found[1].warning));
      })
      .catch(function (error) {
        unsaved = true;
        say(error.message && error instanceof Error && !(error instanceof TypeError) && !(error instanceof SyntaxError) ? error.message : "没有自动保存：连不上服务器，请先复制文字再刷新", true);
      });
  }
  var keepSoon = later(2500, keep);

  function changed() {
    unsaved = true;
    count();
    origin();
    look();
    keepSoon();
  }
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", function () { leaving = true; });
  window.addEventListener("pageshow", function () { leaving = false; });
  window.addEventListener("pagehide", function () {
    if (unsaved && !leaving) {
      navigator.sendBeacon(form.dataset.autosave, values());
    }
  });

  document.querySelectorAll("[data-take]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      var name = button.dataset.take;
      var theirs = document.querySelector('[data-theirs="' + name + '"]').value;
      var field = form.elements[name];
      field.value = theirs;
      field.dispatchEvent ? field.dispatchEvent(new Event("input", { bubbles: true })) : changed();
      button.disabled = true;
    });
  });

  count();
  origin();
  if (unsaved) {
    keepSoon();
  }
})();
