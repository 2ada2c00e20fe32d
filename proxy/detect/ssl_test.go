package detect_test

import (
	"bytes"
	"crypto/tls"
	"net"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/detect"
	"rehearse/proxy/wiretest"
)

// sslv2Hello is what Google's relay clients in libnice send: a ClientHello in the
// form of SSL 2.0 that no encryption follows.
const sslv2Hello = `8046010301002d00 0000100100800300 800700c006004002 0080040080000004
	00feff00000a00fe fe00000900006400 0062000003000006 1f170ca62f0078fc 46552eb18339f1ea`

// helloOf is what a client of crypto/tls says first.
func helloOf(conf *tls.Config) []byte {
	client, server := net.Pipe()
	defer server.Close()
	conf.InsecureSkipVerify = true
	go tls.Client(client, conf).Handshake()
	b := make([]byte, 16<<10)
	n, _ := server.Read(b)
	return b[:n]
}

var _ = Describe("SSL", func() {
	DescribeTable("is known by the first bytes of a hello", func(hello []byte, want string) {
		Expect(classified(detect.Outer(), hello)).To(Equal(want))
	},
		Entry("of TLS 1.3", helloOf(&tls.Config{ServerName: "a.example"}), "0 maybe, 6 yes ssl"),
		Entry("of TLS 1.0", helloOf(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}), "0 maybe, 6 yes ssl"),
		Entry("in a record of one byte", wiretest.Hex("1603010001 01"), "0 maybe, 6 yes ssl"),
		Entry("in the form of SSL 2.0", wiretest.Hex(sslv2Hello), "0 maybe, 11 yes ssl"),
		Entry("with the length of pseudo-TLS, once that is excluded", wiretest.Hex("160301002d010000290303"), "0 maybe, 11 yes ssl"),
	)

	DescribeTable("is not", func(stream []byte, want string) {
		Expect(classified(detect.Outer().Only(func(p string) bool { return p == detect.SSL }), stream)).To(Equal(want))
	},
		Entry("an alert", wiretest.Hex("15030100020228"), "0 maybe, 1 no"),
		Entry("a ServerHello", wiretest.Hex("160301004e02"), "0 maybe, 6 no"),
		Entry("another major version", wiretest.Hex("160201"), "0 maybe, 2 no"),
		Entry("a minor version that does not exist", wiretest.Hex("160305"), "0 maybe, 3 no"),
		Entry("a record longer than records are", wiretest.Hex("1603014001"), "0 maybe, 5 no"),
		Entry("an empty record", wiretest.Hex("1603010000"), "0 maybe, 5 no"),
		Entry("the form of SSL 2.0 with lengths that do not add up", append([]byte{0x80, 0x47}, wiretest.Hex(sslv2Hello)[2:]...), "0 maybe, 11 no"),
		Entry("the form of SSL 2.0 with half a cipher spec", wiretest.Hex("802e01030100040000"), "0 maybe, 7 no"),
		Entry("a DNS message over TCP", wiretest.Hex("001d1234010000010000000000000377777707"), "0 maybe, 1 no"),
		Entry("bytes at random", bytes.Repeat([]byte{0xe7}, 64), "0 maybe, 3 no"),
	)
})
