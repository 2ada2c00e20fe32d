package policy_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"net/http"
	"net/netip"
	"time"

	"rehearse/proxy/policy"
)

// kb166602 is the request of the published pair of traces, with another host.
func kb166602() *policy.Transaction {
	tx := get("www.example.test", "/")
	tx.Time = time.Date(2011, 8, 30, 13, 59, 20, 0, time.UTC)
	tx.Client = netip.MustParseAddrPort("10.10.1.1:1234")
	tx.RequestHeader = http.Header{"User-Agent": {"Mozilla/5.0 (Windows NT 5.1; rv:6.0) Gecko/20100101 Firefox/6.0"}}
	return tx
}

func traced(p *policy.Policy, tx *policy.Transaction, id int, rules string) string {
	var b strings.Builder
	Expect(policy.WriteTrace(&b, policy.Trace{ID: id, Transaction: tx, Decision: p.Explain(tx, policy.AtResponse), Rules: rules})).To(Succeed())
	return b.String()
}

const allowedTrace = `start transaction -------------------
  CPL Evaluation Trace: transaction ID=13328
           <Proxy>
    MATCH:     url.host=www.example.test DENY
           <Proxy>
    MATCH:     ALLOW
  connection: service.name=Explicit HTTP client.address=10.10.1.1 proxy.port=8080
  time: 2011-08-30 13:59:20 UTC
  GET http://www.example.test/
User-Agent: Mozilla/5.0 (Windows NT 5.1; rv:6.0) Gecko/20100101 Firefox/6.0
    url.category: none
  application.name:
  application.operation:
  DSCP client outbound: 65
  DSCP server outbound: 65
stop transaction --------------------
`

var _ = Describe("A trace", func() {
	It("is the published one, byte for byte (KB 166602)", func() {
		p := at("6.2.1.1", "<Proxy>", "url.host=www.example.test DENY", "<Proxy>", "ALLOW")
		Expect(traced(p, kb166602(), 13328, "yes")).To(Equal(allowedTrace))
	})

	It("has a verdict where it was forced (KB 166602)", func() {
		p := at("6.2.1.1", "<Proxy>", "url.host=www.example.test FORCE_DENY", "<Proxy>", "ALLOW")
		want := strings.Replace(allowedTrace, "test DENY", "test FORCE_DENY", 1)
		want = strings.Replace(want, "    url.category",
			"  Verdict: DENIED (Either 'force_deny' or 'force_exception' was matched in policy)\n    url.category", 1)
		Expect(traced(p, kb166602(), 13328, "yes")).To(Equal(want))
	})

	It("shows on demand what did not match, tags ending in one column", func() {
		p := at("6.5.10.1", "<Proxy \"first\"> client.address=10.0.0.0/8 access_log(no)",
			"client.connection.negotiated_cipher.strength=low DENY", "user=!kim DENY",
			"[url.domain]", "example.test trace.request(yes)",
			"<Proxy> client.address=192.0.2.1", "DENY")
		Expect(traced(p, kb166602(), 1, "all")).To(HavePrefix(`start transaction -------------------
  CPL Evaluation Trace: transaction ID=1
           <Proxy "first">
     n/a :     client.connection.negotiated_cipher.strength=low DENY
     miss:     user=!kim DENY
             [url.domain]
    MATCH:     example.test trace.request(yes)
           <Proxy>
     miss:     client.address=192.0.2.1
  connection:`))
		Expect(traced(p, kb166602(), 1, "yes")).NotTo(ContainSubstring("miss:"))
		Expect(traced(p, kb166602(), 1, "no")).NotTo(ContainSubstring("<Proxy"))
	})

	It("names the built-in denial of CONNECT (KB 176397)", func() {
		tx := connect("ssh.test", 443)
		tx.Detecting, tx.Tunneled = true, policy.Yes
		got := traced(at("6.5.10.1", "<Proxy>", "url.domain=a.test ALLOW"), tx, 2, "yes")
		Expect(got).To(ContainSubstring("  CONNECT tcp://ssh.test:443/\n"))
		Expect(got).To(ContainSubstring("  EXCEPTION(connect_method_denied): CONNECT with a protocol other than SSL is not permitted\n"))
	})

	It("tells of a deny that could neither be made nor waited for (KB 218637)", func() {
		tx := get("files.test", "/")
		tx.Categories = []string{"File Storage/Sharing"}
		p := newest("<Proxy>", `category="File Storage/Sharing" exception(content_filter_denied) access_server(no)`,
			"<Proxy>", "http.response.code=200 DENY")
		var b strings.Builder
		d := p.Explain(tx, policy.AtInnerRequest)
		Expect(policy.WriteTrace(&b, policy.Trace{ID: 3, Transaction: tx, Decision: d, Rules: "yes", ClientStatus: 403})).To(Succeed())
		Expect(b.String()).To(ContainSubstring("    MATCH:     category=\"File Storage/Sharing\" exception(content_filter_denied) access_server(no)\n"))
		Expect(b.String()).To(ContainSubstring("     late:     http.response.code=200 DENY\n"))
		Expect(b.String()).To(ContainSubstring("  DENIED: Request could not be handled\n    url.category: File Storage/Sharing\n"))
		Expect(b.String()).To(ContainSubstring("  client.response.code: 403\n"))
		Expect(b.String()).To(ContainSubstring("transaction ID=3 type=http.proxy\n"))
	})
})
