package policy_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
)

var _ = DescribeTable("requests on one connection are decided alike",
	func(want bool, lines ...string) {
		Expect(newest(lines...).Alike(&policy.Transaction{Type: policy.HTTPSForwardProxy})).To(Equal(want))
	},
	Entry("without rules for them", true, "<SSL-Intercept>", " url.domain=example.com ssl.forward_proxy(https)"),
	Entry("with rules about the connection", true, "<Proxy>", " client.address=10.0.0.0/8 DENY", " ALLOW"),
	Entry("with a setting for all", true, "<SSL>", " server.certificate.validate(no)"),
	Entry("not with a rule about the URL", false, "<Proxy>", " url.path=/x DENY"),
	Entry("not with a guard about the URL", false, "<Proxy> url.domain=example.com", " DENY"),
	Entry("not with a guarded section", false, "<Proxy>", "[Rule] url.domain=example.com", " DENY"),
	Entry("not with a table of URLs", false, "<Proxy>", "[url.domain]", " example.com DENY"),
	Entry("not with a header", false, "<Proxy>", " request.header.User-Agent=curl DENY"),
	Entry("not with a named condition", false, "<Proxy>", " condition=odd DENY", "define condition odd", " url.path=/x", "end"),
	Entry("not with the time", false, "<Proxy>", " hour=9..17 DENY"),
	Entry("not with a text about the request", false, "<Proxy>", ` exception(policy_denied, "$(url)")`),
)
