package reports_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// browser is a Chromium with one page, spoken to by the Chrome DevTools Protocol
// over a pipe: each message is JSON with a NUL behind it.
type browser struct {
	to      io.Writer
	from    io.Reader
	session string
	id      int
	unread  []byte
	events  []message
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// chromium is the path of a Chromium. The spec is skipped where there is none.
func chromium() string {
	GinkgoHelper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if at, err := exec.LookPath(name); err == nil {
			return at
		}
	}
	Skip("Chromium is not installed")
	return ""
}

// open starts a browser that shows a page of a width.
func open(text []byte, width int) *browser {
	GinkgoHelper()
	c := exec.Command(chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+GinkgoT().TempDir(), "--remote-debugging-pipe", "about:blank")
	hears, to, err := os.Pipe()
	Expect(err).NotTo(HaveOccurred())
	from, says, err := os.Pipe()
	Expect(err).NotTo(HaveOccurred())
	c.ExtraFiles = []*os.File{hears, says}
	Expect(c.Start()).To(Succeed())
	hears.Close()
	says.Close()
	b := &browser{to: to, from: from}
	DeferCleanup(func() {
		b.session = ""
		b.call("Browser.close", nil)
		_ = c.Wait() // how it ended is its own affair
		to.Close()
		from.Close()
	})
	file := filepath.Join(GinkgoT().TempDir(), "report.html")
	Expect(os.WriteFile(file, text, 0o600)).To(Succeed())
	b.show("file://"+file, width)
	return b
}

func (b *browser) show(url string, width int) {
	GinkgoHelper()
	var target struct{ TargetID string }
	Expect(json.Unmarshal(b.call("Target.createTarget", map[string]any{"url": "about:blank"}), &target)).To(Succeed())
	var session struct{ SessionID string }
	Expect(json.Unmarshal(b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}), &session)).To(Succeed())
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		b.call(domain+".enable", nil)
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false})
	b.call("Page.navigate", map[string]any{"url": url})
	for len(b.of("Page.loadEventFired")) == 0 {
		b.events = append(b.events, b.next())
	}
}

// call sends a command and gives its result.
func (b *browser) call(method string, params any) json.RawMessage {
	GinkgoHelper()
	b.id++
	command := map[string]any{"id": b.id, "method": method}
	if params != nil {
		command["params"] = params
	}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	text, err := json.Marshal(command)
	Expect(err).NotTo(HaveOccurred())
	_, err = b.to.Write(append(text, 0))
	Expect(err).NotTo(HaveOccurred())
	for {
		m := b.next()
		if m.ID == b.id {
			Expect(m.Error).To(BeNil(), "%s: %s", method, m.Error)
			return m.Result
		}
		b.events = append(b.events, m)
	}
}

// next is the next message from the browser.
func (b *browser) next() message {
	GinkgoHelper()
	for {
		if text, rest, whole := bytes.Cut(b.unread, []byte{0}); whole {
			b.unread = rest
			var m message
			Expect(json.Unmarshal(text, &m)).To(Succeed())
			return m
		}
		chunk := make([]byte, 64<<10)
		n, err := b.from.Read(chunk)
		Expect(err).NotTo(HaveOccurred())
		b.unread = append(b.unread, chunk[:n]...)
	}
}

// of are the events of some kinds so far.
func (b *browser) of(methods ...string) []string {
	var all []string
	for _, m := range b.events {
		for _, method := range methods {
			if m.Method == method {
				all = append(all, string(m.Params))
			}
		}
	}
	return all
}

// eval gives what an expression of JavaScript comes to; a promise is waited for.
func (b *browser) eval(expression string) any {
	GinkgoHelper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	result := b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true})
	Expect(json.Unmarshal(result, &answer)).To(Succeed())
	Expect(answer.ExceptionDetails).To(BeNil(), "%s: %s", expression, answer.ExceptionDetails)
	return answer.Result.Value
}

// texts are the texts of the elements that a selector finds and that can be seen.
func (b *browser) texts(selector string) []string {
	GinkgoHelper()
	var all []string
	found := b.eval(`[...document.querySelectorAll(` + quote(selector) + `)].filter((e) => e.checkVisibility()).map((e) => e.innerText)`)
	for _, text := range found.([]any) {
		all = append(all, text.(string))
	}
	return all
}

// click clicks in the middle of the first element that a selector finds, as a
// mouse does.
func (b *browser) click(selector string) {
	GinkgoHelper()
	at := b.eval(`(() => {
		const e = document.querySelector(` + quote(selector) + `);
		e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.getBoundingClientRect();
		return {x: r.x + r.width / 2, y: r.y + r.height / 2};
	})()`).(map[string]any)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at["x"], "y": at["y"], "button": "left", "clickCount": 1})
	}
	b.settle()
}

// press types keys, one after the other; "Escape" and the like are one key.
func (b *browser) press(keys ...string) {
	GinkgoHelper()
	for _, key := range keys {
		down := map[string]any{"type": "keyDown", "key": key}
		if len(key) == 1 {
			down["text"] = key
		}
		b.call("Input.dispatchKeyEvent", down)
		b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key})
	}
	b.settle()
}

// settle waits for what the page does a little later: timers of the search, what
// is drawn when it comes into sight.
func (b *browser) settle() {
	GinkgoHelper()
	b.eval(`new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 150))`)
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	Expect(err).NotTo(HaveOccurred())
	return string(quoted)
}

// axe is the script of axe-core, from the path in AXE. The spec is skipped where
// that is not set.
func axe() string {
	GinkgoHelper()
	path := os.Getenv("AXE")
	if path == "" {
		Skip("AXE does not name axe.min.js of axe-core")
	}
	text, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}
