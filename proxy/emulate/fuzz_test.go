package emulate_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	"golang.org/x/crypto/ocsp"

	"rehearse/proxy/emulate"
)

// FuzzOCSP holds the parser of requests to two things: whatever comes, there is an
// answer that a client can read, and what golang.org/x/crypto/ocsp reads as a request
// is answered with a status for the serial number asked about.
func FuzzOCSP(f *testing.F) {
	a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
	if err != nil {
		f.Fatal(err)
	}
	request, err := ocsp.CreateRequest(a.Certificate(), a.Certificate(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(request)
	f.Add(request[:len(request)-1])
	f.Add([]byte{})
	for _, name := range foreignRequests() {
		seed, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		der, err := a.OCSP(request, emulate.Answer{})
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		var refused ocsp.ResponseError
		read, readErr := ocsp.ParseRequest(request)
		if readErr != nil {
			_, err := ocsp.ParseResponse(der, a.Certificate())
			if err != nil && !errors.As(err, &refused) && !severalAnswers(err) {
				t.Fatalf("answer %x cannot be read: %v", der, err)
			}
			return
		}
		_, err = ocsp.ParseResponseForCert(der, &x509.Certificate{SerialNumber: read.SerialNumber}, a.Certificate())
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("answer %x to serial %v cannot be read: %v", der, read.SerialNumber, err)
		}
	})
}

// severalAnswers says that x/crypto/ocsp gave up on an answer that is in order: one
// about several certificates, or with a hash that it does not know.
func severalAnswers(err error) bool {
	return err.Error() == "OCSP response contains bad number of responses" || err.Error() == "unsupported issuer hash algorithm"
}

// FuzzResponderPath holds the responder to an answer for every path: no panic, and no
// 5xx.
func FuzzResponderPath(f *testing.F) {
	a, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
	if err != nil {
		f.Fatal(err)
	}
	r := emulate.NewResponder(a)
	for _, path := range []string{"/", "/ocsp/root", "/ocsp/root/MEUw", "/ocsp/root/%2F%2f+//==", "/ocsp//", "/crl/root.crl", "/crl/../root.crl", "/crl/.crl", "/ocsp/root/%"} {
		f.Add("GET", path, []byte{})
		f.Add("POST", path, []byte{0x30})
	}
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		request := &http.Request{Method: method, URL: &url.URL{Path: path, RawPath: path}, Body: http.NoBody, Header: http.Header{}}
		if len(body) > 0 {
			request = httptest.NewRequest("POST", "/", bytes.NewReader(body))
			request.URL.Path = path
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, request)
		if w.Code >= 500 {
			t.Fatalf("%s %q: status %d", method, path, w.Code)
		}
	})
}
