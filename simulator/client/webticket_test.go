package client_test

import (
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/server"
)

var _ = Describe("a web ticket", func() {
	// withEstate runs a spec with an estate whose discovery asks for web tickets.
	withEstate := func(f func(b bench)) {
		onBareBench(func(b bench) {
			e, err := server.Start(server.Config{World: b.world, PKI: b.pki, Now: time.Now, WebTickets: true, Users: map[string]string{"alice@contoso.test": "secret"}})
			Expect(err).NotTo(HaveOccurred())
			defer e.Close()
			f(b)
		})
	}

	It("is fetched where discovery asks for one, with the password", func() {
		withEstate(func(b bench) {
			alice := b.client("skype-strict")
			defer alice.Close()
			Expect(do(alice, client.SignIn{}).String()).To(Equal("done ok"))
			var seen []string
			for _, x := range journal.Find[journal.HTTPExchanged](b.log.Log()) {
				seen = append(seen, x.String())
			}
			const web = "https://webdir.online.lync.com"
			at := slices.Index(seen, "GET "+web+"/Autodiscover/AutodiscoverService.svc/root/user: 401")
			Expect(at).NotTo(Equal(-1), "%v", seen)
			Expect(seen[at:]).To(ContainElements(
				"GET "+web+"/WebTicket/WebTicketService.svc/mex: 200",
				"POST "+web+"/WebTicket/WebTicketService.svc/Auth: 401",
				"POST "+web+"/WebTicket/WebTicketService.svc/Auth: 200",
				"GET "+web+"/Autodiscover/AutodiscoverService.svc/root/user: 200",
			))
		})
	})

	It("is not to be had with a wrong password; service records lead on, to where it is wrong too", func() {
		withEstate(func(b bench) {
			alice := b.client("skype-strict", func(c *client.Config) { c.Password = "guess" })
			defer alice.Close()
			Expect(do(alice, client.SignIn{}).String()).To(Equal("register refused sip_401"))
			Expect(journal.Find[journal.HTTPExchanged](b.log.Log())).NotTo(ContainElement(And(HaveField("URL", HaveSuffix("/root/user")), HaveField("Status", 200))))
		})
	})
})
