package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"rehearse/proxy/emulate"
	"rehearse/simulator/sipauth"
)

// The paths of the certificate provisioning service, [MS-OCAUTHWS]: the second is
// where it is asked with a web ticket and proof of its key.
const (
	provisioningPath = "/CertProv/CertProvisioningService.svc"
	provisioningAuth = provisioningPath + "/WebTicket_Proof_SHA1"
	provisioningPort = "CertProvisioningServiceWebTicketProof_SHA1"
)

// userCertificateLife is how long a user's certificate is good: 180 days, a server's
// usual setting.
const userCertificateLife = 180 * 24 * time.Hour

// userCA gives users their certificates for TLS-DSK. Nobody else trusts it.
type userCA struct {
	now  func() time.Time
	key  *ecdsa.PrivateKey
	root *x509.Certificate

	mu     sync.Mutex
	serial int64
}

func newUserCA(now func() time.Time) (*userCA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Communications Server"},
		NotBefore: now().Add(-time.Hour), NotAfter: now().AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	root, err := x509.ParseCertificate(der)
	return &userCA{now: now, key: key, root: root, serial: 1}, err
}

// issue gives a user a certificate for the key of a request.
func (c *userCA) issue(user string, request *x509.CertificateRequest) ([]byte, error) {
	if err := request.CheckSignature(); err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	c.mu.Lock()
	c.serial++
	serial := big.NewInt(c.serial)
	c.mu.Unlock()
	return x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: user}, NotBefore: c.now().Add(-time.Hour), NotAfter: c.now().Add(userCertificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, c.root, request.PublicKey, c.key)
}

// user is whom a certificate was given to.
func (c *userCA) user(cert *x509.Certificate) (string, error) {
	if err := cert.CheckSignatureFrom(c.root); err != nil {
		return "", fmt.Errorf("certificate of %s: %w", cert.Subject.CommonName, err)
	}
	if now := c.now(); now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return "", fmt.Errorf("certificate of %s is not valid now", cert.Subject.CommonName)
	}
	return cert.Subject.CommonName, nil
}

// dsk is what the front end signs in by certificate with. Its own certificate for
// that, with a key of RSA, is made when it is first needed.
func (e *Estate) dsk(frontEnd string) *sipauth.DSKConfig {
	return &sipauth.DSKConfig{
		STS:  "https://" + e.authority("web", 443) + provisioningPath,
		User: e.userCA.user,
		Certificate: sync.OnceValues(func() (*tls.Certificate, error) {
			const bits = 2048
			key, err := rsa.GenerateKey(rand.Reader, bits)
			if err != nil {
				return nil, err
			}
			cert, err := e.PKI.Issue(emulate.Template{Names: []string{frontEnd}, Key: key.Public()})
			if err != nil {
				return nil, err
			}
			cert.PrivateKey = key
			return cert, nil
		}),
	}
}

// serveProvisioning puts the service at its paths.
func (e *Estate) serveProvisioning(mux *http.ServeMux) {
	mux.HandleFunc("GET "+provisioningPath+"/mex", e.describeProvisioning)
	mux.HandleFunc("POST "+provisioningAuth, e.provisionCertificate)
}

// describeProvisioning says that a web ticket is needed, and where it is to be had.
func (e *Estate) describeProvisioning(w http.ResponseWriter, r *http.Request) {
	base := "https://" + e.authority("web", 443)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write(document(`<wsdl:definitions name="CertProvisioningService" targetNamespace="http://tempuri.org/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" `+
		`xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="http://tempuri.org/" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" `+
		`xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702" `+
		`xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">`+
		`<wsp:Policy wsu:Id="%[1]s_policy"><wsp:ExactlyOne><wsp:All><sp:EndorsingSupportingTokens><wsp:Policy><sp:IssuedToken><sp:Issuer><wsa:Address>%[2]s</wsa:Address></sp:Issuer>`+
		`</sp:IssuedToken></wsp:Policy></sp:EndorsingSupportingTokens></wsp:All></wsp:ExactlyOne></wsp:Policy>`+
		`<wsdl:service name="CertProvisioningService"><wsdl:port name="%[1]s" binding="tns:%[1]s"><soap:address location="%[3]s"/></wsdl:port></wsdl:service></wsdl:definitions>`,
		provisioningPort, base+ticketPath, base+provisioningAuth))
}

// certificateRequest is a GetAndPublishCert.
type certificateRequest struct {
	Body struct {
		Get struct {
			Device  string `xml:"DeviceId,attr"`
			Entity  string `xml:"Entity,attr"`
			Request string `xml:"RequestSecurityToken>BinarySecurityToken"`
			ID      string `xml:"RequestSecurityToken>RequestID"`
		} `xml:"GetAndPublishCert"`
	}
}

// provisionCertificate gives a certificate to who shows a web ticket and proves its
// key.
func (e *Estate) provisionCertificate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxTicketRequest))
	if err != nil {
		return
	}
	der, err := e.certificateFor(body)
	if err != nil {
		soapFault(w, err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write(document(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`+
		`<GetAndPublishCertResponse xmlns="http://schemas.microsoft.com/OCS/AuthWebServices/"><RequestSecurityTokenResponse xmlns="http://docs.oasis-open.org/ws-sx/ws-trust/200512/">`+
		`<TokenType>http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3</TokenType><RequestedSecurityToken>`+
		`<BinarySecurityToken xmlns="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" ValueType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3">%s</BinarySecurityToken>`+
		`</RequestedSecurityToken></RequestSecurityTokenResponse></GetAndPublishCertResponse></s:Body></s:Envelope>`, base64Of(der)))
}

func (e *Estate) certificateFor(body []byte) ([]byte, error) {
	ticket, err := e.proven(body)
	if err != nil {
		return nil, err
	}
	var req certificateRequest
	if err := xml.Unmarshal(body, &req); err != nil {
		return nil, fmt.Errorf("no GetAndPublishCert: %w", err)
	}
	asked := req.Body.Get
	if !strings.EqualFold(strings.TrimPrefix(asked.Entity, "sip:"), ticket.user) {
		return nil, fmt.Errorf("%s is not %s", asked.Entity, ticket.user)
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(asked.Request), ""))
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	return e.userCA.issue(ticket.user, request)
}

// proven is the web ticket in a message's header whose key signed the time stamp
// beside it: HMAC-SHA1 over SignedInfo, which has the digest of the stamp.
//
// Modelled: all is taken to be written in canonical form, as pidgin-sipe writes it.
func (e *Estate) proven(message []byte) (webTicket, error) {
	ticket, ok := e.webTickets.find(string(raw(message, "Assertion")), e.Now())
	if !ok {
		return ticket, errors.New("no web ticket that is good here")
	}
	info := raw(message, "SignedInfo")
	var signed struct {
		Digest string `xml:"Reference>DigestValue"`
	}
	if err := xml.Unmarshal(info, &signed); err != nil {
		return ticket, fmt.Errorf("SignedInfo: %w", err)
	}
	digest := sha1.Sum(raw(message, "Timestamp"))
	mac := hmac.New(sha1.New, ticket.key)
	mac.Write(info)
	value, _ := base64.StdEncoding.DecodeString(inner(raw(message, "SignatureValue")))
	if signed.Digest != base64Of(digest[:]) || !hmac.Equal(value, mac.Sum(nil)) {
		return ticket, errors.New("the signature is not that of the web ticket's key")
	}
	return ticket, nil
}

// raw is the first element of a name, as it is written, nil where there is none.
func raw(message []byte, name string) []byte {
	for at := 0; ; at++ {
		i := bytes.Index(message[at:], []byte(name))
		if i < 0 {
			return nil
		}
		at += i
		begin := bytes.LastIndexByte(message[:at], '<')
		tag := ""
		if begin >= 0 {
			tag = string(message[begin+1 : at])
		}
		if begin < 0 || (tag != "" && !prefix(tag)) || at+len(name) >= len(message) || !bytes.ContainsRune([]byte(" >"), rune(message[at+len(name)])) {
			continue
		}
		end := []byte("</" + tag + name + ">")
		if j := bytes.Index(message[at:], end); j >= 0 {
			return message[begin : at+j+len(end)]
		}
		return nil
	}
}

// prefix says whether what stands before an element's name is its prefix, "wsu:".
func prefix(s string) bool { return strings.HasSuffix(s, ":") && !strings.ContainsAny(s, " />\"=") }

// inner is an element's text.
func inner(element []byte) string {
	_, rest, _ := strings.Cut(string(element), ">")
	text, _, _ := strings.Cut(rest, "<")
	return strings.TrimSpace(text)
}
