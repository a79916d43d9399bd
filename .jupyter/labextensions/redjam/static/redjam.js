// A JupyterLab extension without a build: what webpack would wrap a plugin in is `init` and `get`, at the end.
// https://jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html

const SQL = 'text/x-sql';
const STYLE = `
  .jp-RenderedHTML td { white-space: nowrap; }
  .jp-OutputArea .jp-RenderedMarkdown.jp-RenderedHTMLCommon pre { word-break: normal; }
  .jp-OutputArea .jp-RenderedText pre { word-break: normal; overflow-wrap: anywhere; }
`;

/** A cell that begins with %%sql is read as SQL, all others as the notebook's language, also while one types. */
function colour(notebook, cell) {
  let busy = false; // another extension may set it back when it hears of the change
  const set = () => {
    const language = /^\s*%%sql\b/.test(cell.sharedModel.getSource()) ? SQL : notebook.codeMimetype;
    if (language && cell.mimeType !== language && !busy) {
      busy = true;
      cell.mimeType = language;
      busy = false;
    }
  };
  cell.contentChanged.connect(set);
  cell.mimeTypeChanged.connect(set); // JupyterLab sets all cells to Python when it hears of the kernel
  set();
}

function watch(panel) {
  const notebook = panel.content;
  const known = new WeakSet();
  const all = () => {
    for (const cell of notebook.model?.cells ?? []) {
      if (cell.type === 'code' && !known.has(cell)) {
        known.add(cell);
        colour(notebook, cell);
      }
    }
  };
  panel.context.ready.then(() => {
    notebook.model.cells.changed.connect(all);
    all();
  });
}

async function activate(app, notebooks, languages) {
  document.head.appendChild(document.createElement('style')).textContent = STYLE;
  // Of two changes in a row the language that is loaded last would win, so both are there before the first.
  await Promise.all(['text/x-ipython', SQL].map(type => languages.getLanguage(type)));
  notebooks.forEach(watch);
  notebooks.widgetAdded.connect((_, panel) => watch(panel));
}

let shared;
const load = async name => (await Object.values(shared[name])[0].get())();
window._JUPYTERLAB = window._JUPYTERLAB || {};
window._JUPYTERLAB.redjam = {
  init: scope => {
    shared = scope;
  },
  get: async () => {
    const { INotebookTracker } = await load('@jupyterlab/notebook');
    const { IEditorLanguageRegistry } = await load('@jupyterlab/codemirror');
    const requires = [INotebookTracker, IEditorLanguageRegistry];
    return () => ({ id: 'redjam:sql', autoStart: true, requires, activate });
  }
};
