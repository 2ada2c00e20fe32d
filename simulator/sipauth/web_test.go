package sipauth_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/sipauth"
)

// webServer is a server's end whose one account is alice's.
func webServer() *sipauth.WebServer {
	return sipauth.NewWebServer(sipauth.ServerConfig{Target: "web.contoso.test", Domain: "CONTOSO", DNSDomain: "contoso.test", Now: time.Now,
		Password: func(user, domain string) (string, bool) {
			return "secret", user == "alice@contoso.test" && domain == ""
		}})
}

var _ = Describe("NTLM over HTTP", func() {
	shake := func(s *sipauth.WebServer, password string) (sipauth.Verdict, error) {
		GinkgoHelper()
		verdict, first, err := s.Authorize("")
		Expect([]any{verdict, first, err}).To(Equal([]any{sipauth.Challenged, "NTLM", nil}))
		verdict, challenge, err := s.Authorize(sipauth.WebNegotiate())
		Expect(err).NotTo(HaveOccurred())
		Expect(verdict).To(Equal(sipauth.Challenged))
		answer, err := sipauth.WebAnswer(challenge, sipauth.ClientConfig{User: "alice@contoso.test", Password: password})
		Expect(err).NotTo(HaveOccurred())
		verdict, _, err = s.Authorize(answer)
		return verdict, err
	}

	It("authenticates a connection, and all that follows on it", func() {
		s := webServer()
		verdict, err := shake(s, "secret")
		Expect(err).NotTo(HaveOccurred())
		Expect(verdict).To(Equal(sipauth.Accepted))
		user, domain := s.Account()
		Expect([]string{user, domain}).To(Equal([]string{"alice@contoso.test", ""}))
		verdict, _, err = s.Authorize("")
		Expect(err).NotTo(HaveOccurred())
		Expect(verdict).To(Equal(sipauth.Accepted))
	})

	It("refuses a wrong password, and begins anew", func() {
		s := webServer()
		verdict, err := shake(s, "guess")
		Expect(err).To(MatchError(sipauth.ErrPassword))
		Expect(verdict).To(Equal(sipauth.Refused))
		_, err = sipauth.WebAnswer("NTLM", sipauth.ClientConfig{})
		Expect(err).To(MatchError(sipauth.ErrPassword))
		verdict, err = shake(s, "secret")
		Expect(err).NotTo(HaveOccurred())
		Expect(verdict).To(Equal(sipauth.Accepted))
	})

	It("takes nothing that is no NTLM", func() {
		for _, header := range []string{"Basic YWxpY2U6c2VjcmV0", "NTLM !", "NTLM aGVsbG8=", "NTLM TlRMTVNTUAADAAAAAAAAAAAAAAAAAAAA"} {
			verdict, challenge, err := webServer().Authorize(header)
			Expect(err).To(HaveOccurred(), header)
			Expect([]any{verdict, challenge}).To(Equal([]any{sipauth.Refused, "NTLM"}))
		}
	})

	It("is that of curl", func() {
		curl, err := exec.LookPath("curl")
		if err != nil {
			Skip("curl is not installed")
		}
		s := webServer()
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			verdict, challenge, _ := s.Authorize(r.Header.Get("Authorization"))
			if verdict != sipauth.Accepted {
				w.Header().Set("WWW-Authenticate", challenge)
				w.WriteHeader(http.StatusUnauthorized)
			}
		}))
		defer h.Close()
		for password, status := range map[string]string{"secret": "200", "guess": "401"} {
			out, err := exec.Command(curl, "--silent", "--ntlm", "--user", "alice@contoso.test:"+password, "--write-out", "%{http_code}", h.URL).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(out))
			Expect(string(out)).To(Equal(status), password)
		}
	})
})
