// A browser starts no worker in a page from the disk (file://), and the search is one. There it runs in a hidden frame
// instead, as in the package iframe-worker, which the theme would fetch from elsewhere.
"use strict";

class FrameWorker extends EventTarget {
  constructor(url) {
    super();
    this.frame = document.createElement("iframe");
    this.frame.hidden = true;
    this.frame.title = "search";
    document.body.append(this.frame);
    const inside = this.frame.contentWindow;
    inside.document.open();
    inside.document.write("<!doctype html><title>search</title>");
    inside.document.close();
    inside.postMessage = (data) => setTimeout(() => this.tell(structuredClone(data)));
    this.inside = inside;
    this.ready = load(inside, url);
    this.ready.catch((error) => this.dispatchEvent(new ErrorEvent("error", { error })));
  }

  tell(data) {
    const event = new MessageEvent("message", { data });
    this.dispatchEvent(event);
    this.onmessage?.(event);
  }

  postMessage(data) {
    this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data: structuredClone(data) })));
  }

  terminate() {
    this.frame.remove();
  }
}

function load(inside, url) {
  return new Promise((resolve, reject) => {
    const script = inside.document.createElement("script");
    script.src = url;
    script.onload = resolve;
    script.onerror = reject;
    inside.document.body.append(script);
  });
}

if (location.protocol === "file:") window.Worker = FrameWorker;
