// A page that is opened as a file may start no Worker: the search then runs in a hidden frame, which stands in for one.
if (location.protocol === "file:") {
  // The search asks for this name to find its files.
  window.Worker = window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const inside = (this.inside = frame.contentWindow);
      window.addEventListener("message", (event) => {
        if (event.source !== inside) return;
        const message = new MessageEvent("message", {data: event.data});
        this.dispatchEvent(message);
        if (this.onmessage) this.onmessage(message);
      });
      inside.document.open();
      inside.document.write("<!doctype html><body></body>");
      inside.document.close();
      inside.postMessage = (data) => {
        window.dispatchEvent(new MessageEvent("message", {data: structuredClone(data), source: inside}));
      };
      const load = (script) => new Promise((loaded, failed) => {
        const element = inside.document.createElement("script");
        element.src = script;
        element.onload = loaded;
        element.onerror = failed;
        inside.document.body.append(element);
      });
      inside.importScripts = (...scripts) => scripts.reduce((before, script) => before.then(() => load(script)), Promise.resolve());
      this.ready = load(url);
    }

    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", {data: structuredClone(data)})));
    }

    terminate() {
      this.inside.close();
    }
  };
}
