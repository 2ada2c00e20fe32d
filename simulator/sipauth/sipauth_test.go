package sipauth_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/sipauth"
)

func TestSIPAuth(t *testing.T) { RegisterFailHandler(Fail); RunSpecs(t, "sipauth") }

var _ = Describe("the steps of NTLMv2", func() {
	// [MS-NLMP] 4.2.4, "NTLMv2 Authentication", with the common values of 4.2.1.
	const flags = 0xe28a8233
	server, client := unhex("0123456789abcdef"), unhex("aaaaaaaaaaaaaaaa")
	exported := unhex("55555555555555555555555555555555")
	target := unhex("02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000")

	It("derives the responses and the session base key", func() {
		key := sipauth.NTOWFv2("Password", "User", "Domain")
		Expect(key).To(Equal(unhex("0c868a403bfd7a93a3001ef22ef02e3f")))
		Expect(sipauth.LMv2(key, server, client)).To(Equal(unhex("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa")))
		nt, base := sipauth.NTv2(key, server, client, target, 0)
		Expect(nt).To(Equal(unhex("68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa" +
			"0000000002000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000")))
		Expect(base).To(Equal(unhex("8de40ccadbc14a82f15cb0ad0de95ca3")))
		Expect(sipauth.RC4(base, exported)).To(Equal(unhex("c5dad2544fc9799094ce1ce90bc9d03e")))
	})

	It("derives the client's keys and signs", func() {
		sign, seal, mac := sipauth.ClientKeys(exported, flags&^0x40000000)
		Expect(sign).To(Equal(unhex("4788dc861b4782f35d43fd98fe1a2d39")))
		Expect(seal).To(Equal(unhex("59f600973cc4960a25480a7c196e4c58")))
		plain := unhex("50006c00610069006e007400650078007400")
		// Without key exchange, for the document's own signature continues the
		// cipher stream of the sealed text; connectionless mode never does.
		Expect(mac(0, plain)).To(Equal(unhex("0100000070352851f256430900000000")))
	})
})

// A sign-in between Office Communicator 2007 R2 and its server, as recorded and
// checked by the SIPE project (src/core/sip-sec-ntlm-tests.c, 1.25.0).
const (
	ocsTarget = "cosmo-ocs-r2.cosmo.local"
	ocsType2  = "TlRMTVNTUAACAAAAAAAAADgAAADzgpji3Ruq9OfiGNEAAAAAAAAAAJYAlgA4AAAABQLODgAAAA8CAAoAQwBPAFMATQBPAAEAGABDAE8AUwBNAE8ALQBPAEMAUwAtAFIAMgAEABYAYwBvAHMAbQBvAC4AbABvAGMAYQBsAAMAMABjAG8AcwBtAG8ALQBvAGMAcwAtAHIAMgAuAGMAbwBzAG0AbwAuAGwAbwBjAGEAbAAFABYAYwBvAHMAbQBvAC4AbABvAGMAYQBsAAAAAAA="
	ocsType3  = "TlRMTVNTUAADAAAAGAAYAHIAAADGAMYAigAAAAoACgBIAAAACAAIAFIAAAAYABgAWgAAABAAEABQAQAAVYKYYgUCzg4AAAAPQwBPAFMATQBPAFUAcwBlAHIAQwBPAFMATQBPAC0ATwBDAFMALQBSADIAoeku/k4Hi/fFwASazGFmwtauh1yw/apBjcDIAK527KYG0rn769BHMQEBAAAAAAAAWVGaFye5ygHWrodcsP2qQQAAAAACAAoAQwBPAFMATQBPAAEAGABDAE8AUwBNAE8ALQBPAEMAUwAtAFIAMgAEABYAYwBvAHMAbQBvAC4AbABvAGMAYQBsAAMAMABjAG8AcwBtAG8ALQBvAGMAcwAtAHIAMgAuAGMAbwBzAG0AbwAuAGwAbwBjAGEAbAAFABYAYwBvAHMAbQBvAC4AbABvAGMAYQBsAAAAAAAAAAAAMctznhyoCkmFkeiueXEV5A=="

	ocsRequest = "REGISTER sip:cosmo.local SIP/2.0\r\n" +
		"Via: SIP/2.0/TLS 192.168.172.6:12723\r\n" +
		"Max-Forwards: 70\r\n" +
		"From: <sip:user@cosmo.local>;tag=3e49177a52;epid=c8ca638a15\r\n" +
		"To: <sip:user@cosmo.local>\r\n" +
		"Call-ID: 4037df9284354df39065195bd57a4b14\r\n" +
		"CSeq: 3 REGISTER\r\n" +
		"Proxy-Authorization: NTLM qop=\"auth\", realm=\"SIP Communications Service\", opaque=\"2BDBAC9D\", targetname=\"cosmo-ocs-r2.cosmo.local\", version=4, gssapi-data=\"" + ocsType3 + "\", crand=\"13317733\", cnum=\"1\", response=\"0100000029618e9651b65a7764000000\"\r\n" +
		"Content-Length: 0\r\n\r\n"
	ocsRequestText = "<NTLM><13317733><1><SIP Communications Service><cosmo-ocs-r2.cosmo.local><4037df9284354df39065195bd57a4b14><3><REGISTER><sip:user@cosmo.local><3e49177a52><sip:user@cosmo.local><><><><>"

	ocsResponse = "SIP/2.0 200 OK\r\n" +
		"ms-keep-alive: UAS; tcp=no; hop-hop=yes; end-end=no; timeout=300\r\n" +
		"Authentication-Info: NTLM rspauth=\"01000000E615438A917661BE64000000\", srand=\"9616454F\", snum=\"1\", opaque=\"2BDBAC9D\", qop=\"auth\", targetname=\"cosmo-ocs-r2.cosmo.local\", realm=\"SIP Communications Service\"\r\n" +
		"From: \"User\"<sip:user@cosmo.local>;tag=3e49177a52;epid=c8ca638a15\r\n" +
		"To: <sip:user@cosmo.local>;tag=5E61CCD925D17E043D9A74835A88F664\r\n" +
		"Call-ID: 4037df9284354df39065195bd57a4b14\r\n" +
		"CSeq: 3 REGISTER\r\n" +
		"Via: SIP/2.0/TLS 192.168.172.6:12723;ms-received-port=12723;ms-received-cid=2600\r\n" +
		"Contact: <sip:192.168.172.6:12723;transport=tls;ms-opaque=fad3dfab32;ms-received-cid=2600>;expires=7200;+sip.instance=\"<urn:uuid:34d859db-6585-5f91-a3b4-de853c15347d>\";gruu=\"sip:user@cosmo.local;opaque=user:epid:21nYNIVlkV-jtN6FPBU0fQAA;gruu\"\r\n" +
		"Expires: 7200\r\n" +
		"Supported: adhoclist\r\n" +
		"Content-Length: 0\r\n\r\n"
	ocsResponseText = "<NTLM><9616454F><1><SIP Communications Service><cosmo-ocs-r2.cosmo.local><4037df9284354df39065195bd57a4b14><3><REGISTER><sip:user@cosmo.local><3e49177a52><sip:user@cosmo.local><5E61CCD925D17E043D9A74835A88F664><><><7200><200>"
)

var _ = Describe("a recorded Communicator 2007 R2 sign-in", func() {
	recorded := time.Date(2010, 3, 1, 10, 8, 8, 433_288_900, time.UTC) // FILETIME 59519a1727b9ca01
	clock := func() time.Time { return recorded }

	It("gives the signed text of request and response", func() {
		req, res := fields(ocsRequest), fields(ocsResponse)
		Expect(withContext(req, "13317733")).To(Equal(ocsRequestText))
		Expect(withContext(res, "9616454F")).To(Equal(ocsResponseText))
	})

	It("is what our client sends, and the real server's answer verifies", func() {
		exported := ocsExportedKey()
		c := sipauth.NewClient(sipauth.ClientConfig{User: "User", Domain: "COSMO", Password: "Pa$$word",
			Workstation: "COSMO-OCS-R2", Now: clock,
			Rand: bytes.NewReader(append(append(unhex("d6ae875cb0fdaa41"), exported...), unhex("13317733")...))})
		Expect(c.Challenge(`NTLM opaque="2BDBAC9D", gssapi-data="` + ocsType2 + `", targetname="` + ocsTarget +
			`", realm="SIP Communications Service", version=4`)).To(Succeed())

		value, err := c.Authorize(fields(ocsRequest))
		Expect(err).NotTo(HaveOccurred())
		got, err := sipauth.ParseHeader(value)
		Expect(err).NotTo(HaveOccurred())
		want, err := sipauth.ParseHeader(header(ocsRequest, "Proxy-Authorization"))
		Expect(err).NotTo(HaveOccurred())
		copy(got.GSSAPI[64:72], want.GSSAPI[64:72]) // our product version is another
		Expect(got).To(Equal(want))

		Expect(c.Verify(header(ocsResponse, "Authentication-Info"), fields(ocsResponse))).To(Succeed())
	})

	It("is accepted by our server, which answers as the real one", func() {
		s := sipauth.NewServer(sipauth.ServerConfig{Target: ocsTarget, Domain: "COSMO", DNSDomain: "cosmo.local",
			Password: account("User", "COSMO", "Pa$$word"), Now: clock,
			Rand: bytes.NewReader(unhex("dd1baaf4e7e218d1" + "2bdbac9d" + "9616454f"))})
		verdict, err := s.Authorize(`NTLM qop="auth", realm="SIP Communications Service", targetname="`+ocsTarget+`", gssapi-data="", version=4`, fields(ocsRequest))
		Expect(verdict, err).To(Equal(sipauth.Challenged))
		verdict, err = s.Authorize(header(ocsRequest, "Proxy-Authorization"), fields(ocsRequest))
		Expect(verdict, err).To(Equal(sipauth.Accepted))
		info, err := sipauth.ParseHeader(s.Sign(fields(ocsResponse)))
		Expect(err).NotTo(HaveOccurred())
		Expect(info).To(Equal(sipauth.Header{Scheme: "NTLM", Realm: sipauth.Realm, Target: ocsTarget, Opaque: "2BDBAC9D",
			Version: 4, Rand: "9616454F", Num: "1", Signature: "01000000E615438A917661BE64000000"}))
	})
})

var _ = Describe("client and server", func() {
	now := func() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }
	newServer := func(version int) *sipauth.Server {
		return sipauth.NewServer(sipauth.ServerConfig{Target: "sipdir.online.lync.com", Version: version, Domain: "CONTOSO",
			DNSDomain: "contoso.test", Password: account("alice@contoso.test", "", "secret"), Now: now})
	}
	newClient := func(password string) *sipauth.Client {
		return sipauth.NewClient(sipauth.ClientConfig{User: "alice@contoso.test", Password: password, Now: now})
	}
	request := sipauth.Fields{CallID: "c1", CSeq: 1, Method: "REGISTER", FromURI: "sip:alice@contoso.test", FromTag: "t",
		ToURI: "sip:alice@contoso.test"}

	// rounds goes through the handshake and gives the last verdict.
	rounds := func(c *sipauth.Client, s *sipauth.Server) (sipauth.Verdict, error) {
		GinkgoHelper()
		for range 2 {
			value, err := c.Authorize(request)
			Expect(err).NotTo(HaveOccurred())
			verdict, err := s.Authorize(value, request)
			Expect(verdict, err).To(Equal(sipauth.Challenged))
			Expect(c.Challenge(s.Challenge())).To(Succeed())
		}
		value, err := c.Authorize(request)
		Expect(err).NotTo(HaveOccurred())
		return s.Authorize(value, request)
	}

	for _, version := range []int{3, 4} {
		It("sets up a context and signs every message, version "+string(rune('0'+version)), func() {
			c, s := newClient("secret"), newServer(version)
			verdict, err := rounds(c, s)
			Expect(verdict, err).To(Equal(sipauth.Accepted))
			user, domain := s.Account()
			Expect([]string{user, domain}).To(Equal([]string{"alice@contoso.test", ""}))

			response := request
			response.Status = 200
			info := s.Sign(response)
			Expect(c.Verify(info, response)).To(Succeed())
			response.Status = 503
			Expect(c.Verify(info, response)).To(MatchError(sipauth.ErrSignature))
			Expect(c.Verify("", response)).To(MatchError(sipauth.ErrUnsigned))

			next := request
			next.CSeq, next.Method = 2, "SUBSCRIBE"
			value, err := c.Authorize(next)
			Expect(err).NotTo(HaveOccurred())
			Expect(s.Authorize(value, next)).To(Equal(sipauth.Accepted))
			_, err = s.Authorize(value, next)
			Expect(err).To(MatchError(ContainSubstring("want a number above")), "a replay")
		})
	}

	It("refuses a wrong password and challenges anew", func() {
		c, s := newClient("guess"), newServer(4)
		verdict, err := rounds(c, s)
		Expect(verdict).To(Equal(sipauth.Refused))
		Expect(err).To(MatchError(sipauth.ErrPassword))
		Expect(s.Ready()).To(BeFalse())
		Expect(s.Challenge()).NotTo(ContainSubstring("gssapi-data"))
	})

	It("refuses a request whose text was changed", func() {
		c, s := newClient("secret"), newServer(4)
		_, err := rounds(c, s)
		Expect(err).NotTo(HaveOccurred())
		value, err := c.Authorize(request)
		Expect(err).NotTo(HaveOccurred())
		changed := request
		changed.ToURI = "sip:mallory@contoso.test"
		verdict, err := s.Authorize(value, changed)
		Expect(verdict).To(Equal(sipauth.Refused))
		Expect(err).To(MatchError(sipauth.ErrSignature))
	})

	It("challenges a request without credentials again", func() {
		c, s := newClient("secret"), newServer(4)
		_, err := rounds(c, s)
		Expect(err).NotTo(HaveOccurred())
		Expect(s.Authorize("", request)).To(Equal(sipauth.Challenged))
		Expect(s.Ready()).To(BeFalse())
	})

	It("refuses a challenge that is not connectionless NTLMv2", func() {
		raw, err := sipauth.ParseHeader(`NTLM gssapi-data="` + ocsType2 + `"`)
		Expect(err).NotTo(HaveOccurred())
		raw.GSSAPI[20] &^= 0x40 // datagram
		Expect(newClient("secret").Challenge(raw.Challenge())).To(MatchError(ContainSubstring("lack 0x00000040 of")))
	})

	It("names a wrong scheme", func() {
		err := newClient("secret").Challenge(`Kerberos realm="x", targetname="sip/y", version=4`)
		Expect(err).To(MatchError(`challenge: got scheme "Kerberos", want NTLM`))
	})
})

func FuzzAuthorize(f *testing.F) {
	f.Add(header(ocsRequest, "Proxy-Authorization"))
	f.Add(`NTLM qop="auth", gssapi-data="", version=4`)
	f.Add(`NTLM gssapi-data="` + ocsType2 + `"`)
	f.Fuzz(func(t *testing.T, value string) {
		s := sipauth.NewServer(sipauth.ServerConfig{Target: ocsTarget, Password: account("User", "COSMO", "Pa$$word")})
		_, _ = s.Authorize(`NTLM gssapi-data=""`, sipauth.Fields{})
		if h, err := sipauth.ParseHeader(s.Challenge()); err == nil {
			value = strings.ReplaceAll(value, "2BDBAC9D", h.Opaque)
		}
		if verdict, err := s.Authorize(value, sipauth.Fields{}); verdict == sipauth.Accepted && err == nil {
			t.Errorf("accepted %q", value)
		}
		_ = sipauth.NewClient(sipauth.ClientConfig{}).Challenge(value)
	})
}

// ocsExportedKey decrypts the session key of the recorded AUTHENTICATE.
func ocsExportedKey() []byte {
	key := sipauth.NTOWFv2("Pa$$word", "User", "COSMO")
	h, err := sipauth.ParseHeader(header(ocsRequest, "Proxy-Authorization"))
	if err != nil {
		panic(err)
	}
	nt := h.GSSAPI[138 : 138+198]
	_, base := sipauth.NTv2(key, unhex("dd1baaf4e7e218d1"), nt[32:40], nt[44:len(nt)-4], 0x01cab927179a5159)
	return sipauth.RC4(base, h.GSSAPI[336:352])
}

func account(user, domain, password string) func(string, string) (string, bool) {
	return func(u, d string) (string, bool) { return password, u == user && d == domain }
}

func fields(message string) sipauth.Fields { return sipauth.FieldsOf(parse(message)) }

func withContext(f sipauth.Fields, rand string) string {
	f.Scheme, f.Rand, f.Num, f.Realm, f.Target = sipauth.NTLM, rand, "1", sipauth.Realm, ocsTarget
	return f.Text(4)
}

func header(message, name string) string { return parse(message).GetHeaders(name)[0].Value() }

func parse(message string) sip.Message {
	m, err := sip.ParseMessage([]byte(message))
	if err != nil {
		panic(errors.Join(errors.New(message), err))
	}
	return m
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
