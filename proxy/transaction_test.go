package proxy_test

import (
	"fmt"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/reports/journal"
)

const tracing = "<Proxy>\n trace.request(yes) trace.rules(all) trace.destination(\"a.html\")\n"

// kept are the transactions that flows tell of at their end.
type kept struct {
	mu   sync.Mutex
	list []policy.Trace
}

func (k *kept) keep(t policy.Trace) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = append(k.list, t)
}

func (k *kept) all() []policy.Trace {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.list
}

// told are transactions that have ended, in short.
func told(list []policy.Trace) (lines []string) {
	for _, t := range list {
		lines = append(lines, fmt.Sprintf("%d %s %s %s %d", t.ID, t.Transaction.Type, t.Transaction.Method, t.Transaction.URL, t.ClientStatus))
	}
	return lines
}

var _ = Describe("a transaction's end", func() {
	It("is told once for each, with the last evaluation and what the client got", func() {
		var ended kept
		standing(setup{policy: httpsObject + tracing, detect: true, ended: ended.keep}, func(st *stand) {
			c, _, _ := st.dial("site.test:443")
			t, err := st.secure(c, "site.test")
			Expect(err).NotTo(HaveOccurred())
			Expect(ask(t, getRequest)).To(Equal("HTTP/1.1 200 OK"))
			t.Close()
			time.Sleep(time.Second)
			ended := ended.all()
			Expect(told(ended)).To(Equal([]string{
				"1 http.proxy CONNECT tcp://site.test:443/ 200",
				"2 ssl.intercept  tcp://site.test:443/ 0",
				"3 ssl.tunnel  tcp://site.test:443/ 0",
				"4 https.forward-proxy GET https://site.test/a 200",
			}))
			Expect(ended[1].Decision.Interception().Mode).To(Equal(policy.ModeHTTPS))
			Expect(ended[3].Rules).To(Equal("all"))
			var written []string
			for _, e := range st.log.Log() {
				if w, ok := e.Body.(journal.TraceWritten); ok {
					written = append(written, w.String())
				}
			}
			Expect(written).To(HaveExactElements( // <Proxy> takes no part in ssl.intercept
				"trace of transaction 1 (http.proxy) written to a.html",
				"trace of transaction 3 (ssl.tunnel) written to a.html",
				"trace of transaction 4 (https.forward-proxy) written to a.html"))
		})
	})

	It("has the status of a refusal", func() {
		var ended kept
		standing(setup{policy: "<Proxy>\n DENY\n", ended: ended.keep}, func(st *stand) {
			c, _, status := st.dial("site.test:443")
			Expect(status).To(Equal(403))
			c.Close()
			time.Sleep(time.Second)
			ended := ended.all()
			Expect(told(ended)).To(Equal([]string{"1 http.proxy CONNECT tcp://site.test:443/ 403"}))
			Expect(ended[0].Decision.Verdict.At).To(Equal("test.cpl:2"))
		})
	})
})
